"""The peers as text, for the terminal and peers.log."""

from collections.abc import Sequence

from stages.common.text import aligned, origins
from stages.peers.contenders import PEERS
from stages.records.peers import Contender, PeersRecord, Ratio

NAMES = {"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime"}


def render(record: PeersRecord) -> str:
    """Return all there is to read: host, contenders, ratios, what could not run, closing line."""
    blocks = [_header(record), _contenders(record), _ratios(record.ratios), _notes(record)]
    if missing := _missing(record.contenders):
        blocks.append(missing)
    return "\n\n".join([*blocks, closing_line(record)]) + "\n"


def closing_line(record: PeersRecord) -> str:
    """Return the INT8 ratios of our fastest backend at the largest batch size."""
    int8 = [each for each in record.ratios if each.precision == "int8"]
    if not int8:
        measured = sum(not each.missing for each in record.contenders)
        return f"peers: {measured} of {len(record.contenders)} contenders measured, no INT8 pair"
    size = max(each.batch_size for each in int8)
    best = max((each for each in int8 if each.batch_size == size), key=lambda each: each.median)
    same = [e for e in int8 if (e.backend, e.batch_size) == (best.backend, size)]
    beside = " and ".join(f"{each.median:.2f}x {NAMES[each.peer]}" for each in same)
    return f"peers: INT8 by {best.backend} at batch size {size} is {beside}"


def _header(record: PeersRecord) -> str:
    lines = origins(record.host, record.backbone, record.data)
    return "\n".join([*lines, *_software(record)])


def _software(record: PeersRecord) -> list[str]:
    """Return a line for each set of versions, with the backends that ran by it."""
    backends: dict[str, list[str]] = {}
    for each in record.contenders:
        if not each.missing:
            text = _versions(each.versions)
            backends.setdefault(text, [])
            if each.backend not in backends[text]:
                backends[text].append(each.backend)
    lines = [f"software  {', '.join(names)}: {text}" for text, names in backends.items()]
    return [*lines, f"tools     {_versions(record.tools)}"]


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _contenders(record: PeersRecord) -> str:
    measured = [each for each in record.contenders if not each.missing]
    sizes = [str(figures.batch_size) for figures in measured[0].figures]
    speeds = [f"images/s at {size}" for size in sizes]
    latency = ["p50 ms at 1"] if "1" in sizes else []
    head = ["backend", "precision", "top-1", *speeds, *latency]
    return aligned([head, *(_cells(each) for each in measured)])


def _cells(contender: Contender) -> list[str]:
    speeds = [f"{each.throughput_images_per_s:.2f}" for each in contender.figures]
    latencies = [each.latency_p50_ms for each in contender.figures]
    return [
        contender.backend,
        contender.precision,
        f"{contender.accuracy_top1:.1%}",
        *speeds,
        *(f"{each:.1f}" for each in latencies if each is not None),
    ]


def _ratios(ratios: Sequence[Ratio]) -> str:
    peers = [peer for peer in PEERS if any(each.peer == peer for each in ratios)]
    rows: dict[tuple[str, str, int], dict[str, str]] = {}
    for each in ratios:
        row = rows.setdefault((each.backend, each.precision, each.batch_size), {})
        row[each.peer] = f"{each.median:.2f}x ({each.lowest:.2f}-{each.highest:.2f})"
    head = ["ours", "precision", "batch", *(f"ours / {NAMES[peer]}" for peer in peers)]
    cells = [
        [backend, precision, str(size), *(row.get(peer, "-") for peer in peers)]
        for (backend, precision, size), row in rows.items()
    ]
    return aligned([head, *cells])


def _notes(record: PeersRecord) -> str:
    return "\n".join(
        (
            "ours / peer  throughput of ours over the peer's, above 1 where ours is faster: the "
            "median of",
            f"             {record.rounds} rounds, each model in turn, with the lowest and the "
            "highest round",
            "int8_bf16    compared with the peers' int8",
            f"top-1        on the test split; each INT8 by its own tool from the same "
            f"{record.calibration_samples} images",
        )
    )


def _missing(contenders: Sequence[Contender]) -> str:
    precisions: dict[tuple[str, str], list[str]] = {}
    for each in contenders:
        if each.missing:
            precisions.setdefault((each.backend, each.missing), []).append(each.precision)
    rows = [
        (f"not run: {backend} {', '.join(names)}", reason)
        for (backend, reason), names in precisions.items()
    ]
    return aligned(rows) if rows else ""
