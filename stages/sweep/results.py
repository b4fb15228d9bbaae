"""From the turns of points to their figures, and to what follows from all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import floor, log10
from statistics import median

from stages.common.stats import interval, round_figures
from stages.profile.results import percentile_ms
from stages.profile.run_record import seconds_together
from stages.profile.validity import scenario_reasons
from stages.records.cell import Validity
from stages.records.measure import Run, counting
from stages.records.profile import Layout
from stages.records.sweep import Knee, Point, PointName, WithinBound

OFFLINE = "offline"
# How much of the highest throughput of a layout is as good as all of it.
KNEE_FRACTION = 0.95
# Steps of the default bounds within a power of ten.
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Findings:
    """What follows from all points: the knees, the best of each precision, the choice by bound."""

    knees: list[Knee]
    best: list[PointName]
    bounds: list[WithinBound]


def point_of(name: PointName, runs: Sequence[Run]) -> Point:
    """Return the figures of a point, from its turns that count."""
    counted = counting(runs)
    seconds = _latencies(counted)
    reasons = scenario_reasons(OFFLINE, counted)
    return Point(
        name=name,
        throughput_images_per_s=interval(round_figures(OFFLINE, runs)),
        batches=len(seconds),
        latency_p50_ms=1000 * median(seconds),
        latency_p99_ms=percentile_ms(seconds, 0.99),
        latency_max_ms=1000 * max(seconds),
        validity=Validity(valid=not reasons, reasons=reasons),
        runs=[*runs],
    )


def _latencies(runs: Sequence[Run]) -> list[float]:
    """Return the seconds of the batches that ran while all instances did.

    Where none did, which makes the point invalid, they are those of all batches.
    """
    together = [*chain.from_iterable(seconds_together(run.instances) for run in runs)]
    return together or [batch_s for run in runs for batch_s in run.seconds]


def findings_of(points: Sequence[Point], bounds: Sequence[int]) -> Findings:
    """Return what follows from points, for `bounds` in ms or, if there are none, the usual ones."""
    wanted = sorted(bounds) or default_bounds(points)
    by_precision = _by_precision(points)
    return Findings(
        knees=[*_knees(points)],
        best=[fastest(own).name for own in by_precision.values()],
        bounds=[
            WithinBound(precision=precision, bound_ms=bound, point=choose(own, bound))
            for bound in wanted
            for precision, own in by_precision.items()
        ],
    )


def fastest(points: Iterable[Point]) -> Point:
    """Return the point with most images per second."""
    return max(points, key=lambda point: point.throughput_images_per_s.estimate)


def choose(points: Iterable[Point], bound_ms: float) -> PointName | None:
    """Return the point with most images per second whose batches keep a bound; None if none do."""
    within = [point for point in points if point.tail_ms <= bound_ms]
    return fastest(within).name if within else None


def default_bounds(points: Sequence[Point]) -> list[int]:
    """Return the bounds, in ms, at which the choice may change.

    These are the numbers of 1, 2, 5, 10, 20, 50 ... from the first that any point keeps to the
    first that the fastest point of each precision does.
    """
    first = min(point.tail_ms for point in points)
    last = max(fastest(own).tail_ms for own in _by_precision(points).values())
    series = [*_series(last)]
    return [bound for bound in series if bound >= first]


def _series(last_ms: float) -> Iterator[int]:
    """Yield the numbers of 1, 2, 5, 10 ... up to the first that is `last_ms` or more."""
    for power in range(max(0, floor(log10(max(last_ms, 1)))) + 2):
        for step in STEPS:
            yield (bound := step * 10**power)
            if bound >= last_ms:
                return


def _knees(points: Sequence[Point]) -> Iterator[Knee]:
    series: dict[tuple[str, Layout], list[Point]] = {}
    for point in points:
        series.setdefault((point.name.precision, point.name.layout), []).append(point)
    for (precision, layout), own in series.items():
        best = fastest(own)
        yield Knee(
            precision=precision,
            layout=layout,
            batch_size=knee_of(own),
            best_size=best.name.batch_size,
        )


def knee_of(points: Sequence[Point]) -> int:
    """Return the smallest batch size whose throughput is as good as the highest of all `points`.

    It is if its interval reaches KNEE_FRACTION of that.
    """
    enough = KNEE_FRACTION * fastest(points).throughput_images_per_s.estimate
    good = (point for point in points if point.throughput_images_per_s.high >= enough)
    return min(point.name.batch_size for point in good)


def _by_precision(points: Sequence[Point]) -> Mapping[str, list[Point]]:
    grouped: dict[str, list[Point]] = {}
    for point in points:
        grouped.setdefault(point.name.precision, []).append(point)
    return grouped
