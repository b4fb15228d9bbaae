"""The peers as text, for the terminal and peers.log."""

from collections.abc import Sequence

from stages.common.figures import counted, fraction_of_images, milliseconds, multiple, quantity
from stages.common.text import MAX_CELL, NO_INTERVAL, aligned, origins, when
from stages.precisions import INT8, PRECISIONS
from stages.program.printable import printable
from stages.records.fields import PEERS
from stages.records.peers import Contender, PeersRecord, Ratio

NAMES = {"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime"}


def render(record: PeersRecord) -> str:
    """Return the whole text: host, contenders, ratios, what could not run, closing line."""
    blocks = [
        _header(record),
        _contenders(record),
        _ratios(record.ratios, record.rounds),
        _notes(record),
    ]
    if missing := _missing(record.contenders):
        blocks.append(missing)
    return "\n\n".join([*blocks, closing_line(record)]) + "\n"


def closing_line(record: PeersRecord) -> str:
    """Return the INT8 ratios of our fastest backend at the largest batch size, with ranges."""
    int8 = [ratio for ratio in record.ratios if ratio.precision == INT8]
    if not int8:
        measured = len(_measured(record))
        return f"peers: {measured} of {len(record.contenders)} contenders measured, no INT8 pair"
    size = max(ratio.batch_size for ratio in int8)
    largest = [ratio for ratio in int8 if ratio.batch_size == size]
    fastest = max(largest, key=lambda ratio: ratio.median).backend
    own = [ratio for ratio in largest if ratio.backend == fastest]
    compared = " and ".join(f"{_ratio(ratio, record.rounds)} {NAMES[ratio.peer]}" for ratio in own)
    doubt = f" ({NO_INTERVAL})" if record.rounds == 1 else ""
    alike = [
        NAMES[ratio.peer]
        for ratio in own
        if record.rounds > 1 and ratio.lowest <= 1 <= ratio.highest
    ]
    shown = f"; no difference from {' or '.join(alike)} is shown" if alike else ""
    return f"peers: INT8 by {fastest} at batch size {size} is {compared}{doubt}{shown}"


def _ratio(ratio: Ratio, rounds: int) -> str:
    """Return a ratio with the range of its rounds."""
    between = f" ({multiple(ratio.lowest)}-{multiple(ratio.highest)})" if rounds > 1 else ""
    return f"{multiple(ratio.median)}x{between}"


def _measured(record: PeersRecord) -> list[Contender]:
    return [contender for contender in record.contenders if not contender.missing]


def _header(record: PeersRecord) -> str:
    lines = origins(record.host, record.backbone, record.data)
    measured = f"measured  {when(record.maker.made)}"
    return "\n".join([*lines, measured, *_software(record)])


def _software(record: PeersRecord) -> list[str]:
    """Return a line for each set of versions, with the backends that ran with it."""
    backends: dict[str, dict[str, None]] = {}
    for contender in _measured(record):
        backends.setdefault(_versions(contender.versions), {})[contender.backend] = None
    lines = [
        f"software  {printable(', '.join(names), MAX_CELL)}: {text}"
        for text, names in backends.items()
    ]
    return [*lines, f"tools     {_versions(record.tools)}"]


def _versions(versions: dict[str, str]) -> str:
    text = ", ".join(f"{name} {version}" for name, version in versions.items())
    return printable(text, MAX_CELL)


def _contenders(record: PeersRecord) -> str:
    measured = _measured(record)
    if not measured:
        return "no contender was measured"
    sizes = [str(figures.batch_size) for figures in measured[0].figures]
    speeds = [f"images/s at {size}" for size in sizes]
    latency = ["p50 ms at 1"] if "1" in sizes else []
    head = ["backend", "precision", "top-1", *speeds, *latency]
    return aligned([head, *map(_cells, measured)])


def _cells(contender: Contender) -> list[str]:
    speeds = [quantity(figures.throughput_images_per_s) for figures in contender.figures]
    latencies = [figures.latency_p50_ms for figures in contender.figures]
    return [
        contender.backend,
        contender.precision,
        fraction_of_images(contender.accuracy_top1 or 0.0, len(contender.predictions)),
        *speeds,
        *(milliseconds(latency) for latency in latencies if latency is not None),
    ]


def _ratios(ratios: Sequence[Ratio], rounds: int) -> str:
    peers = [peer for peer in PEERS if any(ratio.peer == peer for ratio in ratios)]
    rows: dict[tuple[str, str, int], dict[str, str]] = {}
    for ratio in ratios:
        row = rows.setdefault((ratio.backend, ratio.precision, ratio.batch_size), {})
        row[ratio.peer] = _ratio(ratio, rounds)
    head = ["ours", "precision", "batch", *(f"ours / {NAMES[peer]}" for peer in peers)]
    cells = [
        [backend, precision, str(size), *(row.get(peer, "-") for peer in peers)]
        for (backend, precision, size), row in rows.items()
    ]
    return aligned([head, *cells])


def _notes(record: PeersRecord) -> str:
    return "\n".join(
        (
            *_ratio_notes(record.rounds),
            *(
                f"{precision.name:<12} compared with the peers' {precision.peer}"
                for precision in PRECISIONS
                if precision.peer != precision.name
            ),
            f"top-1        on the test split; each INT8 by its own tool from the same "
            f"{counted(record.calibration_samples, 'image')}",
        )
    )


def _ratio_notes(rounds: int) -> tuple[str, str]:
    head = "ours / peer  images/s of ours over the peer's, above 1 where ours is faster"
    if rounds == 1:
        return f"{head};", f"             {NO_INTERVAL}, each model once"
    return (
        f"{head}; in brackets the",
        f"             lowest and highest of {rounds} rounds, in which each model took its turn",
    )


def _missing(contenders: Sequence[Contender]) -> str:
    precisions: dict[tuple[str, str], list[str]] = {}
    for contender in contenders:
        if contender.missing:
            key = (contender.backend, contender.missing)
            precisions.setdefault(key, []).append(contender.precision)
    rows = [
        (f"not run: {backend} {', '.join(names)}", reason)
        for (backend, reason), names in precisions.items()
    ]
    return aligned(rows) if rows else ""
