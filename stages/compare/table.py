"""The comparison as text, for the terminal and compare.log."""

from collections.abc import Iterable, Mapping, Sequence

from stages.common.stats import spread
from stages.common.text import aligned, origins
from stages.compare.limits import render_limits
from stages.compare.reasons import in_words
from stages.isa import get_isa
from stages.precisions import get_precision
from stages.records.base import Interval
from stages.records.compare import CompareRecord, Repeated, Row
from stages.records.profile import ModelSummary

Summaries = Mapping[str, Sequence[ModelSummary]]
# Of a line of what could not run: two of its columns and the reason.
Key = tuple[str, str, str]

COLUMNS = (
    "isa cap",
    "precision",
    "runtime",
    "images/s",
    "p50 ms",
    "p90 ms",
    "server/s",
    "top-1",
    "loss",
    "as fp32",
    "precision effect",
    "ISA effect",
    "verdict",
    "kernel",
)


def render(record: CompareRecord, summaries: Summaries) -> str:
    """Return the whole comparison: host, matrix, what could not run, FP32 against INT8.

    `summaries` are by runtime. Runtimes are named only where there is more than one.
    """
    blocks = [_header(record), _matrix(record), _notes(record), _checks(record)]
    if record.limits:
        blocks.append(render_limits(record.limits, list(record.versions)))
    if record.impossible:
        blocks.append(_impossible(record))
    blocks += [
        _summary(each, runtime if len(record.versions) > 1 else "")
        for runtime, each in summaries.items()
        if each
    ]
    return "\n\n".join(blocks) + "\n"


def _header(record: CompareRecord) -> str:
    lines = origins(record.host, record.backbone, record.data)
    return "\n".join([*lines, *_software(record.versions)])


def _software(versions: Mapping[str, Mapping[str, str]]) -> list[str]:
    lists = {
        runtime: ", ".join(f"{name} {version}" for name, version in packages.items())
        for runtime, packages in versions.items()
    }
    if len(lists) == 1:
        return [f"software  {text}" for text in lists.values()]
    width = max(map(len, lists))
    lines = [f"{runtime.ljust(width)}  {text}" for runtime, text in lists.items()]
    return [f"{'' if at else 'software':10}{line}" for at, line in enumerate(lines)]


def _matrix(record: CompareRecord) -> str:
    """Return the table without the columns in which there is nothing to tell apart."""
    left_out = set() if len(record.versions) > 1 else {"runtime"}
    if all(row.server_per_s is None for row in record.rows):
        left_out.add("server/s")
    kept = [at for at, name in enumerate(COLUMNS) if name not in left_out]
    rows = [COLUMNS, *(_cells(row) for row in record.rows)]
    return aligned([tuple(row[at] for at in kept) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.isa,
        row.precision,
        row.runtime,
        _with_spread(row.throughput_images_per_s, 2),
        _with_spread(row.latency_p50_ms, 1),
        _or_dash(row.latency_p90_ms, "{:.1f}"),
        _or_dash(row.server_per_s, "{:.2f}"),
        f"{row.accuracy_top1:.1%}",
        _or_dash(row.accuracy_loss, "{:+.2%}"),
        _or_dash(row.agreement_fp32, "{:.1%}"),
        _times(row.precision_speedup),
        _times(row.isa_speedup),
        row.verdict if row.valid else f"INVALID, {row.verdict}",
        row.kernel,
    )


def _with_spread(figure: Interval, digits: int) -> str:
    return f"{figure.estimate:.{digits}f} ±{spread(figure):.1%}"


def _times(ratio: Interval | None) -> str:
    if ratio is None:
        return "-"
    return f"{ratio.estimate:.2f}x ({ratio.low:.2f}-{ratio.high:.2f})"


def _or_dash(value: float | None, shape: str) -> str:
    return "-" if value is None else shape.format(value)


def _notes(record: CompareRecord) -> str:
    notes = [
        "±, (from-to)      95% interval over the rounds, in which the cells took turns",
        "isa cap           oneDNN capped by ONEDNN_MAX_CPU_ISA; proven by oneDNN's own log",
        "precision effect  how many times as fast as FP32 at the same cap, by the median batch",
        f"ISA effect        how many times as fast as the same precision at {record.isa_reference} "
        f"({get_isa(record.isa_reference).label})",
        "loss              relative loss of top-1 against FP32 at the same cap",
        "as fp32           share of images to which FP32 at the highest cap gives the same class",
        "emulated          BF16 without the instructions for it; same-as: the same kernels "
        "as at a lower cap",
    ]
    if len(record.versions) > 1:
        notes.append("runtime           all of these are within one runtime")
    return "\n".join(notes)


def _checks(record: CompareRecord) -> str:
    """Return what tells whether the figures can be relied on, a line each."""
    rows = [line for each in record.repeats for line in _repeat_lines(each, record)]
    rows += [
        (
            f"saturates: int8 {each.isa}{_of(each.runtime, record)}",
            f"{each.differing} of {each.images} answers differ from those at {each.reference_isa}",
        )
        for each in record.saturations
    ]
    rows += [
        (f"INVALID: {row.precision} {row.isa}{_of(row.runtime, record)}", reason)
        for row in record.rows
        for reason in map(in_words, row.reasons)
    ]
    return aligned(rows)


def _repeat_lines(repeat: Repeated, record: CompareRecord) -> list[tuple[str, str]]:
    name = f"measured twice: {repeat.precision} {repeat.isa}{_of(repeat.runtime, record)}"
    ratios = (repeat.offline_ratio, repeat.single_stream_ratio)
    offline, stream = (f"{r.estimate:.3f}x ({r.low:.3f}-{r.high:.3f})" for r in ratios)
    verdict = "as it should be" if repeat.trusted else "THIS RUN IS NOT TO BE TRUSTED"
    found = [(name, f"{offline} offline, {stream} single-stream: {verdict}")]
    return found + [("", in_words(reason)) for reason in repeat.reasons]


def _of(runtime: str, record: CompareRecord) -> str:
    """Return a runtime's name where there are several."""
    return f" {runtime}" if len(record.versions) > 1 else ""


def _impossible(record: CompareRecord) -> str:
    """Return a line for the precisions with a reason, with the isas unless it is all of them.

    A runtime is named where it is not every one's.
    """
    every = {row.isa for row in record.rows} | {each.isa for each in record.impossible}
    isas = _grouped(((e.precision, e.reason, e.runtime), e.isa) for e in record.impossible)
    runtimes = _grouped(
        ((precision, reason, "" if len(found) == len(every) else " ".join(found)), runtime)
        for (precision, reason, runtime), found in isas.items()
    )
    precisions = _grouped(
        ((reason, shown, "" if len(names) == len(record.versions) else " ".join(names)), precision)
        for (precision, reason, shown), names in runtimes.items()
    )
    return aligned(
        [
            (" ".join(filter(None, ("not run:", *names, shown, where))), reason)
            for (reason, shown, where), names in precisions.items()
        ]
    )


def _grouped(pairs: Iterable[tuple[Key, str]]) -> dict[Key, list[str]]:
    """Return the second of all pairs that have the same first, in order."""
    found: dict[Key, list[str]] = {}
    for key, each in pairs:
        found.setdefault(key, []).append(each)
    return found


def _summary(summaries: Sequence[ModelSummary], runtime: str) -> str:
    names = [get_precision(summary.precision).label for summary in summaries]
    rows = [
        (f"Model ({', '.join(filter(None, (summaries[0].isa, runtime)))})", *names),
        ("accuracy, top-1", *(f"{each.accuracy:.4f}" for each in summaries)),
        ("throughput, images/s", *(f"{each.throughput:.2f}" for each in summaries)),
        ("latency, ms (median)", *(f"{each.latency:.2f}" for each in summaries)),
    ]
    return aligned(rows)
