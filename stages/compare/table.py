"""The comparison as text, for the terminal and compare.log."""

from collections.abc import Sequence

from stages.isa import rung
from stages.records import CompareRecord, ModelSummary, Row

COLUMNS = (
    "isa cap",
    "precision",
    "images/s",
    "p50 ms",
    "p90 ms",
    "top-1",
    "loss",
    "precision effect",
    "ISA effect",
    "verdict",
    "kernel",
)


def render(record: CompareRecord, summaries: Sequence[ModelSummary]) -> str:
    """Return the whole comparison: host, matrix, what could not run, FP32 against INT8."""
    blocks = [_header(record), _matrix(record), _notes(record)]
    if record.impossible:
        blocks.append(_impossible(record))
    if summaries:
        blocks.append(_summary(summaries))
    return "\n\n".join(blocks) + "\n"


def _header(record: CompareRecord) -> str:
    host = record.host
    versions = ", ".join(f"{name} {version}" for name, version in host.versions.items())
    return "\n".join(
        (
            f"host      {host.cpu_model}, {len(host.cores_pinned)} cores pinned, "
            f"Linux {host.kernel}{', virtual machine' if host.hypervisor else ''}",
            f"model     VGG19, {record.backbone.name} backbone ({record.backbone.sha256[:12]})",
            f"data      {record.data.name} ({record.data.sha256[:12]}), test split",
            f"software  {versions}",
        )
    )


def _matrix(record: CompareRecord) -> str:
    return _aligned([COLUMNS, *(_cells(row) for row in record.rows)])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.isa,
        row.precision,
        f"{row.throughput_images_per_s:.2f}",
        f"{row.latency_p50_ms:.1f}",
        _or_dash(row.latency_p90_ms, "{:.1f}"),
        f"{row.accuracy_top1:.1%}",
        _or_dash(row.accuracy_loss, "{:+.2%}"),
        _or_dash(row.precision_speedup, "{:.2f}x"),
        _or_dash(row.isa_speedup, "{:.2f}x"),
        row.verdict,
        row.kernel,
    )


def _or_dash(value: float | None, shape: str) -> str:
    return "-" if value is None else shape.format(value)


def _notes(record: CompareRecord) -> str:
    return "\n".join(
        (
            "isa cap           oneDNN capped by ONEDNN_MAX_CPU_ISA; proven by oneDNN's own log",
            "precision effect  throughput over FP32's at the same cap",
            f"ISA effect        throughput over the same precision's at {record.isa_reference} "
            f"({rung(record.isa_reference).label})",
            "loss              relative loss of top-1 against FP32 at the same cap",
            "emulated          BF16 without the instructions for it; same-as: the same kernels "
            "as at a lower cap",
        )
    )


def _impossible(record: CompareRecord) -> str:
    rows = [(f"not run: {cell}", reason) for cell, reason in record.impossible.items()]
    return _aligned(rows)


def _summary(summaries: Sequence[ModelSummary]) -> str:
    names = [summary.precision.upper() for summary in summaries]
    rows = [
        (f"Model ({summaries[0].isa})", *names),
        ("accuracy, top-1", *(f"{each.accuracy:.4f}" for each in summaries)),
        ("throughput, images/s", *(f"{each.throughput:.2f}" for each in summaries)),
        ("latency, ms (median)", *(f"{each.latency:.2f}" for each in summaries)),
    ]
    return _aligned(rows)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
