"""The picture of a sweep: throughput over the latency of batches, a panel for each precision."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from math import floor, log10
from textwrap import wrap

from stages.common.text import intervals_over, model_of, when
from stages.precisions import get_precision
from stages.records.base import MIN_ROUNDS
from stages.records.cpu_generations import full_name
from stages.records.measure import counting
from stages.records.profile import Layout
from stages.records.sweep import Point, SweepRecord
from stages.sweep.svg import (
    INK,
    PALE,
    At,
    cross,
    document,
    letters_in,
    line,
    mark,
    ring,
    text,
    upright,
)
from stages.sweep.table import INVALID
from stages.sweep.words import layout_in_short, points_in_words

WIDTH, LEFT, RIGHT = 1100.0, 95.0, 30.0
PANEL, ABOVE, BELOW, LINE = 300.0, 40.0, 62.0, 24.0
# Colours that people with any colour vision keep apart: M. Okabe, K. Ito, Color Universal Design.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#000000")
LEGEND_IN_A_ROW, LEGEND, RING = 6, 170.0, 10.0
HOW = (
    "A mark for each batch size, of which the first, the last and the knee have their numbers; "
    "ring: knee, the smallest batch whose interval reaches 95% of the line's best; bar: interval; "
    "the scale of latencies is logarithmic"
)
ACROSS = "p99 of the latency of a batch, ms (the slowest, where fewer than 200 were timed)"


@dataclass(frozen=True, slots=True)
class Axes:
    """From milliseconds and images per second to places in a panel, whose top is at `top`."""

    top: float
    ms: tuple[float, float]
    most: float

    def at(self, ms: float, rate: float) -> At:
        """Return the place of a latency, on a scale of powers, and a throughput."""
        low, high = map(log10, self.ms)
        across = (log10(ms) - low) / (high - low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), self.top + PANEL * (1 - rate / self.most)


def draw(record: SweepRecord) -> str:
    """Return the picture as SVG; equal records give equal text."""
    title = f"Throughput over latency: {model_of(record.backbone)}"
    layouts = list(dict.fromkeys(point.name.layout for point in record.points))
    precisions = list(dict.fromkeys(point.name.precision for point in record.points))
    parts = [text((LEFT, 30), title, weight="bold"), *_legend(layouts)]
    top = 30 + LINE * (1 + -(-len(layouts) // LEGEND_IN_A_ROW))
    for precision in precisions:
        own = [point for point in record.points if point.name.precision == precision]
        axes = Axes(top + ABOVE, _range_of(record.points), _most(own))
        parts += [*_frame(axes, record, precision), *_series(axes, record, own, layouts)]
        top += ABOVE + PANEL + BELOW
    lines = wrap(f"{_doubt(record)}{HOW}. {_caption(record)}", letters_in(WIDTH - LEFT - RIGHT))
    parts += [text((LEFT, top + LINE * number), it) for number, it in enumerate(lines, start=1)]
    return document(WIDTH, top + LINE * (len(lines) + 1), title, parts)


def _legend(layouts: Sequence[Layout]) -> Iterator[str]:
    room = (WIDTH - LEFT - LEGEND - RIGHT) / LEGEND_IN_A_ROW
    yield text((LEFT, 30 + LINE), "processes x cores:")
    for number, layout in enumerate(layouts):
        row, column = divmod(number, LEGEND_IN_A_ROW)
        at = (LEFT + LEGEND + 8 + column * room, 30 + LINE * (row + 1) - 6)
        yield mark(at, number, _color(number))
        yield text((at[0] + 14, at[1] + 6), layout_in_short(layout))


def _color(number: int) -> str:
    return COLORS[number % len(COLORS)]


def _range_of(points: Sequence[Point]) -> tuple[float, float]:
    """Return the lowest and the highest latency, with some room around."""
    tails = [point.tail_ms for point in points]
    return min(tails) / 1.2, max(tails) * 1.2


def _most(points: Sequence[Point]) -> float:
    return 1.12 * max(max(point.throughput_images_per_s.high for point in points), 1e-9)


def _frame(axes: Axes, record: SweepRecord, precision: str) -> Iterator[str]:
    """Yield a panel's title, its axes, and the lines of its scales."""
    (isa,) = (cell.isa for cell in record.cells if cell.precision == precision)
    title = f"{get_precision(precision).label}, capped at {isa}: images/s"
    low, high = axes.ms
    yield text((LEFT, axes.top - 12), title, weight="bold")
    for rate in _steps(axes.most):
        yield line([axes.at(low, rate), axes.at(high, rate)], PALE)
        x, y = axes.at(low, rate)
        yield text((x - 8, y + 6), f"{rate:g}", "end")
    for ms in _powers(low, high):
        yield line([axes.at(ms, 0), axes.at(ms, axes.most)], PALE)
        x, y = axes.at(ms, 0)
        yield text((x, y + 22), f"{ms:g}", "middle")
    yield line([axes.at(low, axes.most), axes.at(low, 0), axes.at(high, 0)], INK)
    yield text(((LEFT + WIDTH - RIGHT) / 2, axes.top + PANEL + 46), ACROSS, "middle")
    yield upright((28, axes.top + PANEL / 2), "images/s")


def _steps(most: float) -> list[float]:
    """Return round numbers from 0 to below `most`, some five of them."""
    power = 10 ** floor(log10(most / 5))
    step = next(it * power for it in (1, 2, 5, 10) if it * power >= most / 5)
    return [number * step for number in range(int(most / step) + 1)]


def _powers(low: float, high: float) -> list[float]:
    """Return the numbers of 1, 2, 5, 10, 20 ... within a range."""
    powers = takewhile(lambda power: 10**power <= high, count(floor(log10(low))))
    numbers = (step * 10**power for power in powers for step in (1, 2, 5))
    return [number for number in numbers if low <= number <= high]


def _series(
    axes: Axes, record: SweepRecord, points: Sequence[Point], layouts: Sequence[Layout]
) -> Iterator[str]:
    knees = {(it.precision, it.layout): it.batch_size for it in record.knees}
    for number, layout in enumerate(layouts):
        own = [point for point in points if point.name.layout == layout]
        if own:
            knee = knees[own[0].name.precision, layout]
            yield from _line(axes, own, knee, number)


def _line(axes: Axes, points: Sequence[Point], knee: int, number: int) -> Iterator[str]:
    color = _color(number)
    places = [axes.at(point.tail_ms, point.throughput_images_per_s.estimate) for point in points]
    yield line(places, color, 2)
    for index, (point, place) in enumerate(zip(points, places, strict=True)):
        rate, size = point.throughput_images_per_s, point.name.batch_size
        ends = [axes.at(point.tail_ms, end) for end in (rate.low, rate.high)]
        yield line(ends, color, 1.5)
        yield mark(place, number, color)
        if not point.validity.valid:
            yield cross(place, RING, INK)
        if size == knee:
            yield ring(place, RING, color)
        if size == knee or index in (0, len(points) - 1):
            yield text(_beside([place, *ends], number), str(size), "middle", color)


def _beside(places: Sequence[At], number: int) -> At:
    """Return where a number stands: above a mark and its bar for one line, below for the next."""
    x, heights = places[0][0], [y for _, y in places]
    return (x, max(heights) + RING + 17) if number % 2 else (x, min(heights) - RING - 5)


def _doubt(record: SweepRecord) -> str:
    """Return how many points are crossed, as they can't be relied on; empty if none is."""
    crossed = sum(not point.validity.valid for point in record.points)
    if not crossed:
        return ""
    which = f"{crossed} of {points_in_words(len(record.points))}"
    return f"{INVALID}, crossed: {which}; sweep.log says why. "


def _caption(record: SweepRecord) -> str:
    """Return what the picture is of: machine, time, runtime, what its intervals are."""
    host = record.host
    rounds = min(len(counting(point.runs)) for point in record.points)
    cores = f"{len(host.cores_pinned)} cores"
    intervals = intervals_over([rounds])
    parts = [
        f"{full_name(host.cpu_model, host.cpu_id)}, {cores}",
        f"measured {when(record.maker.made)} by {record.runtime}",
        f"{intervals} at least" if rounds >= MIN_ROUNDS else intervals,
    ]
    return "; ".join(parts)
