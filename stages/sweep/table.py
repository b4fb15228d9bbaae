"""A sweep as text, for the terminal and sweep.log: the answer first, then every point."""

from collections.abc import Iterator, Sequence

from stages.common.reasons import MORE, alike, from_to
from stages.common.text import (
    NO_INTERVAL,
    ONCE,
    aligned,
    figure,
    hanging,
    milliseconds,
    origins,
    when,
    wrapped,
)
from stages.precisions import get_precision
from stages.records.base import Interval
from stages.records.measure import counting
from stages.records.profile import Layout
from stages.records.sweep import Point, PointName, SweepRecord, SweptCell, WithinBound
from stages.sweep.results import KNEE_FRACTION, fastest

INVALID, KNEE, BEST = "INVALID", "knee", "best"
MAX_KERNELS = 4


def render(record: SweepRecord) -> str:
    """Return the whole text: answer, host, points, choices by latency, notes; 100 columns wide."""
    blocks = [
        "\n".join(wrapped(answer(record))),
        "\n".join([*origins(record.host, record.backbone, record.data), *_software(record)]),
        _points(record),
        _bounds(record),
        hanging([*_explained(record), *_notes(record)]),
    ]
    return "\n\n".join(blocks) + "\n"


def answer(record: SweepRecord) -> str:
    """Return in one sentence which point is the fastest, and where its layout's knee is."""
    best, several = fastest(record.points), len(record.points) > 1
    rate = best.throughput_images_per_s
    between = ONCE if _rounds(record) == 1 else f"({figure(rate.low)}-{figure(rate.high)})"
    doubt = "" if best.validity.valid else f", {INVALID}"
    said = f"{_in_words(best.name)}: {figure(rate.estimate)} {between}{doubt}"
    head = "most images/s" if several else "images/s"
    return "; ".join(filter(None, [f"{head}: {said}", _knee_in_words(record, best.name)]))


def _in_words(name: PointName) -> str:
    label = get_precision(name.precision).label
    layout = name.layout
    processes = "1 process" if layout.num_instances == 1 else f"{layout.num_instances} processes"
    cores = "1 core" if layout.cores_per_instance == 1 else f"{layout.cores_per_instance} cores"
    of_each = cores if layout.num_instances == 1 else f"{cores} each"
    return f"{label} in {processes} on {of_each}, in batches of {name.batch_size}"


def _knee_in_words(record: SweepRecord, best: PointName) -> str:
    """Return where the knee of the fastest point's layout is; empty for a single batch size."""
    own = {
        point.name.batch_size: point
        for point in record.points
        if (point.name.precision, point.name.layout) == (best.precision, best.layout)
    }
    smaller = [point for size, point in own.items() if size < best.batch_size]
    if not smaller:
        larger = [point for size, point in own.items() if size > best.batch_size]
        return f"larger batches{_doubt_of(larger)} bring no more" if larger else ""
    knee = _knee_sizes(record)[best.precision, best.layout]
    if knee == best.batch_size:
        return f"smaller batches{_doubt_of(smaller)} do not reach {KNEE_FRACTION:.0%} of that"
    return f"batches of {knee}{_doubt_of([own[knee]])} reach {KNEE_FRACTION:.0%} of that"


def _doubt_of(points: Sequence[Point]) -> str:
    """Return, to stand behind their name, how many of these points can't be relied on."""
    count = sum(not point.validity.valid for point in points)
    if not count:
        return ""
    return f" ({INVALID})" if count == len(points) else f" ({count} of {len(points)} {INVALID})"


def _knee_sizes(record: SweepRecord) -> dict[tuple[str, Layout], int]:
    return {(knee.precision, knee.layout): knee.batch_size for knee in record.knees}


def points_in_words(count: int) -> str:
    """Return a number of points in words."""
    return "1 point" if count == 1 else f"{count} points"


def layout_in_short(layout: Layout) -> str:
    """Return a layout as tables have it: processes times cores of each."""
    return f"{layout.num_instances} x {layout.cores_per_instance}"


def _software(record: SweepRecord) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in record.host.versions.items())
    rounds = _rounds(record)
    taken = NO_INTERVAL if rounds == 1 else f"{rounds} rounds at least of each point"
    caps = ", ".join(f"{cell.precision} at {cell.isa}" for cell in record.cells if cell.proofs)
    return [
        *wrapped(f"runtime   {record.runtime}: {versions}", "", " " * 10),
        f"measured  {when(record.maker.made)}, {taken}",
        *wrapped(f"caps      {caps}", "", " " * 10),
    ]


def _rounds(record: SweepRecord) -> int:
    """Return how many rounds count of the point with the fewest."""
    return min(len(counting(point.runs)) for point in record.points)


def _points(record: SweepRecord) -> str:
    head = ["precision", "layout", "batch", "images/s", "p50 ms", "p99 ms", ""]
    return aligned([head, *(_row(record, point) for point in record.points)])


def _row(record: SweepRecord, point: Point) -> list[str]:
    name = point.name
    return [
        name.precision,
        layout_in_short(name.layout),
        str(name.batch_size),
        _with_interval(point.throughput_images_per_s, once=_rounds(record) == 1),
        milliseconds(point.latency_p50_ms),
        _tail(point),
        " ".join(_marks(record, point)),
    ]


def _with_interval(rate: Interval, *, once: bool) -> str:
    between = "" if once else f" ({figure(rate.low)}-{figure(rate.high)})"
    return f"{figure(rate.estimate)}{between}"


def _tail(point: Point) -> str:
    slowest = " max" if point.latency_p99_ms is None else ""
    return f"{milliseconds(point.tail_ms)}{slowest}"


def _marks(record: SweepRecord, point: Point) -> Iterator[str]:
    name = point.name
    if _knee_sizes(record)[name.precision, name.layout] == name.batch_size:
        yield KNEE
    if name in record.best:
        yield BEST
    if not point.validity.valid:
        yield INVALID


def _bounds(record: SweepRecord) -> str:
    head = ["within ms", "precision", "layout", "batch", "images/s", "p99 ms", ""]
    return aligned([head, *(_choice(record, bound) for bound in record.bounds)])


def _choice(record: SweepRecord, bound: WithinBound) -> list[str]:
    start = [str(bound.bound_ms), bound.precision]
    if bound.point is None:
        return [*start, "none", "", "", "", ""]
    point = record.point(bound.point)
    return [
        *start,
        layout_in_short(point.name.layout),
        str(point.name.batch_size),
        _with_interval(point.throughput_images_per_s, once=_rounds(record) == 1),
        _tail(point),
        "" if point.validity.valid else INVALID,
    ]


def _explained(record: SweepRecord) -> Iterator[tuple[str, str]]:
    yield "layout", "processes x cores of each; each process runs batches of its own"
    if _rounds(record) > 1:
        yield "(from-to)", "95% interval over the rounds of this sweep: another may lie outside"
    yield "p50, p99", "how long the model takes for a batch, while all processes work"
    if any(point.latency_p99_ms is None for point in record.points):
        yield "max", "the slowest of fewer than 200 batches, which are too few for a p99"
    percent = f"{KNEE_FRACTION:.0%}"
    yield KNEE, f"the smallest batch whose interval reaches {percent} of the layout's best"
    yield BEST, "most images/s of its precision"
    yield "within ms", "the most images/s of each precision whose p99, or max, is within that"


def _notes(record: SweepRecord) -> Iterator[tuple[str, str]]:
    """Yield what was left out, what is invalid and why, and which kernels ran."""
    for line in record.left_out:
        yield "left out", line
    for cell in record.cells:
        if cell.impossible:
            yield f"not run: {cell.precision}", cell.impossible
    named = [
        (_in_words(point.name), reason)
        for point in record.points
        for reason in point.validity.reasons
    ]
    for group in alike(named):
        why = from_to(group).replace(MORE, "give more --rounds")
        yield INVALID, f"{len(group)} of {points_in_words(len(record.points))}: {why}"
    if record.groups > 1:
        yield "groups", _of_groups(record)
    for cell in record.cells:
        if cell.proofs:
            yield f"ran {cell.precision}", "; ".join(_kernels(cell))


def _of_groups(record: SweepRecord) -> str:
    name = record.reference
    return (
        f"memory held the points in {record.groups} groups, one after the other, each with "
        f"{name.precision} {layout_in_short(name.layout)} at {name.batch_size}; points of two "
        "groups shared no rounds"
    )


def _kernels(cell: SweptCell) -> Iterator[str]:
    """Yield the batch sizes that ran the same kernels, together, with their names."""
    sizes: dict[tuple[str, ...], list[int]] = {}
    for it in cell.proofs:
        names = {f"{kernel.implementation} {kernel.data_type}" for kernel in it.proof.kernels}
        sizes.setdefault(tuple(sorted(names)), []).append(it.batch_size)
    for ran, own in sizes.items():
        where = "at all batch sizes" if len(sizes) == 1 else f"at {', '.join(map(str, own))}"
        more = f" and {len(ran) - MAX_KERNELS} more" if len(ran) > MAX_KERNELS else ""
        yield f"{', '.join(ran[:MAX_KERNELS])}{more} {where}"
