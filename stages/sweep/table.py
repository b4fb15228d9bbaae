"""A sweep as text, for the terminal and sweep.log: the answer first, then every point."""

from collections.abc import Iterator, Sequence

from stages.common.figures import milliseconds, quantity
from stages.common.text import NO_INTERVAL, ONCE, aligned, hanging, origins, too_few, when, wrapped
from stages.records.base import Interval
from stages.records.measure import counting
from stages.records.profile import Layout
from stages.records.sweep import Point, PointName, SweepRecord, WithinBound
from stages.sweep.notes import Numbers, notes, numbers_of
from stages.sweep.results import KNEE_FRACTION, fastest
from stages.sweep.words import in_words, layout_in_short

INVALID, KNEE, BEST = "INVALID", "knee", "best"


def render(record: SweepRecord) -> str:
    """Return the whole text: answer, host, points, choices by latency, notes; 100 columns wide."""
    blocks = [
        "\n".join(wrapped(answer(record))),
        "\n".join([*origins(record.host, record.backbone, record.data), *_software(record)]),
        _points(record),
        _bounds(record),
        hanging([*_explained(record), *notes(record)]),
    ]
    return "\n\n".join(blocks) + "\n"


def answer(record: SweepRecord) -> str:
    """Return in one sentence which point is the fastest, and where its layout's knee is."""
    best, several = fastest(record.points), len(record.points) > 1
    rate = best.throughput_images_per_s
    between = ONCE if _rounds(record) == 1 else f"({quantity(rate.low)}-{quantity(rate.high)})"
    few = too_few(_rounds(record))
    between += f" ({few})" if few else ""
    doubt = "" if best.validity.valid else f", {INVALID}"
    said = f"{in_words(best.name)}: {quantity(rate.estimate)} {between}{doubt}"
    head = "most images/s" if several else "images/s"
    return "; ".join(filter(None, [f"{head}: {said}", _knee_in_words(record, best.name)]))


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
    numbers = numbers_of(record)
    return aligned([head, *(_row(record, point, numbers) for point in record.points)])


def _row(record: SweepRecord, point: Point, numbers: Numbers) -> list[str]:
    name = point.name
    return [
        name.precision,
        layout_in_short(name.layout),
        str(name.batch_size),
        _with_interval(point.throughput_images_per_s, once=_rounds(record) == 1),
        milliseconds(point.latency_p50_ms),
        _tail(point),
        " ".join(_marks(record, point, numbers)),
    ]


def _with_interval(rate: Interval, *, once: bool) -> str:
    between = "" if once else f" ({quantity(rate.low)}-{quantity(rate.high)})"
    return f"{quantity(rate.estimate)}{between}"


def _tail(point: Point) -> str:
    slowest = " max" if point.latency_p99_ms is None else ""
    return f"{milliseconds(point.tail_ms)}{slowest}"


def _marks(record: SweepRecord, point: Point, numbers: Numbers) -> Iterator[str]:
    name = point.name
    if _knee_sizes(record)[name.precision, name.layout] == name.batch_size:
        yield KNEE
    if name in record.best:
        yield BEST
    if not point.validity.valid:
        yield f"{INVALID} [{','.join(map(str, numbers[in_words(name)]))}]"


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
    if few := too_few(_rounds(record)):
        yield "(from-to)", f"what the rounds of this sweep span: {few} of 95%; give more --rounds"
    elif _rounds(record) > 1:
        yield "(from-to)", "95% interval over the rounds of this sweep: another may lie outside"
    yield "p50, p99", "how long the model takes for a batch, while all processes work"
    if any(point.latency_p99_ms is None for point in record.points):
        yield "max", "the slowest of fewer than 200 batches, which are too few for a p99"
    percent = f"{KNEE_FRACTION:.0%}"
    yield KNEE, f"the smallest batch whose interval reaches {percent} of the layout's best"
    yield BEST, "most images/s of its precision"
    yield "within ms", "the most images/s of each precision whose p99, or max, is within that"
