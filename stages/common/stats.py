"""How certain a figure is: 95% intervals by bootstrap over the rounds.

Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap, chapter 13 (percentile method).
Whole rounds are drawn, as all samples of a round are disturbed by the same. With few rounds
percentile intervals are too narrow; they are widened as in T. Hesterberg, What Teachers Should
Know About the Bootstrap (2015), section 5.3.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from math import sqrt
from statistics import NormalDist, fmean, median
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from stages.records.base import Interval
from stages.records.measure import Run, counting

Figures: TypeAlias = npt.NDArray[np.float64]
# The turns of a cell, or of one that was measured twice, those of either time.
Side: TypeAlias = Sequence[Sequence[Run]]

RESAMPLES = 4_000
# Less than one image of any split: 1 - 0.99 is a little more than 0.01 in floating point.
ROUNDING = 1e-9
Z = NormalDist().inv_cdf(0.975)


def interval(values: Sequence[float], seed: int = 0) -> Interval:
    """Return the median of `values`, one per round, with its 95% interval.

    The same values and seed give the same interval. A single value is its own interval.
    """
    medians = _drawn_medians(tuple(values), seed)
    low, high = np.percentile(medians, _percentiles(len(values)))
    return Interval(estimate=float(np.median(values)), low=float(low), high=float(high))


def within(fraction: float, bound: float) -> bool:
    """Return whether a fraction of images is at most `bound`, but for rounding."""
    return fraction <= bound + ROUNDING


def round_figures(scenario: str, runs: Sequence[Run]) -> list[float]:
    """Return what a scenario shows of each round: images/s offline, else the median latency in ms.

    The figure shown of a cell is their median. Turns that don't count have no part in it.
    """
    return [_figure(scenario, run) for run in counting(runs)]


def _figure(scenario: str, run: Run) -> float:
    return run.rate_per_s if scenario == "offline" else 1000 * median(run.seconds)


def speedup(
    scenario: str,
    changed: Sequence[Run],
    reference: Sequence[Run],
    anchors: Side = (),
    seed: int = 0,
) -> Interval:
    """Return how many times as fast as `reference` `changed` is, with its 95% interval.

    It is the ratio of the very figures that are shown of both, so that these divide to it if all
    their rounds are shared. Both sides are resampled by the same rounds, so that what slows a round
    down slows both. Two that shared no round are each held against `anchors`, the turns of the cell
    measured twice, which was in the rounds of either. 0 if the reference did nothing. Raises
    ValueError if nothing links the two.
    """
    return _ratio(scenario, _links(changed, reference, anchors), seed)


def link(scenario: str, runs: Sequence[Run], anchors: Side) -> Interval:
    """Return how many times as fast as the cell measured twice another is, with its 95% interval.

    It is over the rounds that all shared. Raises ValueError if there are none.
    """
    return _ratio(scenario, [([runs], anchors)])


def _links(
    changed: Sequence[Run], reference: Sequence[Run], anchors: Side
) -> list[tuple[Side, Side]]:
    """Return the sides to hold against each other, one link after the other.

    The cell measured twice was in more rounds than others only if these were measured in groups.
    Then its figure in a round is the mean of both times: either alone would give another ratio.
    """
    unlike = _shared(changed) != _shared(reference)
    over, under = (
        anchors if unlike and side in anchors else [side] for side in (changed, reference)
    )
    if _shared(*over, *under):
        return [(over, under)]
    return [(over, anchors), (anchors, under)]


def _ratio(scenario: str, links: Sequence[tuple[Side, Side]], seed: int = 0) -> Interval:
    """Return the product of the ratios of some links, whose rounds are drawn on their own."""
    pairs = [_by_round(scenario, over, under) for over, under in links]
    rounds = tuple(map(len, pairs))
    ratios = [_drawn_ratios(pair, seed, rounds[:place]) for place, pair in enumerate(pairs)]
    low, high = np.percentile(np.prod(ratios, axis=0), _percentiles(min(rounds)))
    once = [_ratios(*np.median(pair, axis=0, keepdims=True).T) for pair in pairs]
    return Interval(estimate=float(np.prod(once)), low=float(low), high=float(high))


def independent_speedup(
    scenario: str, changed: Sequence[Run], reference: Sequence[Run], seed: int = 0
) -> Interval:
    """Return how many times as fast as `reference` `changed` is, of runs that shared no rounds.

    The rounds of either are drawn on their own. The 95% interval is that of chance within the two
    runs; what was otherwise between them, it does not know. 0 if the reference did nothing.
    """
    sides = (changed, reference) if scenario == "offline" else (reference, changed)
    over, under = (round_figures(scenario, runs) for runs in sides)
    return independent_ratio(over, under, seed)


def independent_ratio(over: Sequence[float], under: Sequence[float], seed: int = 0) -> Interval:
    """Return the median of `over` by that of `under`, one figure per round, with its 95% interval.

    No round of one is a round of the other. 0 if the median of `under` is.
    """
    figures = [np.sort(np.asarray(side, np.float64)) for side in (over, under)]
    drawn = [_resampled_medians(side, (seed, number)) for number, side in enumerate(figures)]
    ratios = _ratios(*drawn)
    low, high = np.percentile(ratios, _percentiles(min(map(len, figures))))
    once = _ratios(*(np.median(side, keepdims=True) for side in figures))
    return Interval(estimate=float(once[0]), low=float(low), high=float(high))


def _resampled_medians(ordered: Figures, seed: tuple[int, ...]) -> Figures:
    """Return the medians of RESAMPLES resamples of figures in order."""
    lower, upper = _middle_places(len(ordered), seed)
    medians: Figures = (ordered[lower] + ordered[upper]) / 2
    return medians


@lru_cache(maxsize=32)
def _middle_places(rounds: int, seed: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return which two places, in the figures' order, are in the middle of each resample.

    They are the same for all figures of as many rounds. To draw them for each of thousands of cells
    would take a minute.
    """
    drawn = np.random.default_rng(seed).integers(0, rounds, (RESAMPLES, rounds))
    middle = ((rounds - 1) // 2, rounds // 2)
    return np.sort(drawn, axis=1)[:, middle].T


def _shared(*cells: Sequence[Run]) -> list[int]:
    """Return the rounds in which turns of all of one cell or more count, in order."""
    numbers = [{run.round for run in counting(runs)} for runs in cells]
    return sorted(set.intersection(*numbers)) if numbers else []


def _by_round(scenario: str, changed: Side, reference: Side) -> Figures:
    """Return the two figures of each shared round, of which the first over the second is a speedup.

    Raises ValueError if there is none.
    """
    rounds = _shared(*changed, *reference) if changed and reference else []
    if not rounds:
        raise ValueError("the two cells shared no round, and none with another")
    ours, theirs = (_means(scenario, side) for side in (changed, reference))
    rates = (ours, theirs) if scenario == "offline" else (theirs, ours)  # the shorter, the faster
    return np.asarray([[figures[number] for figures in rates] for number in rounds], np.float64)


def _means(scenario: str, side: Side) -> dict[int, float]:
    """Return the mean of a side's figures in each round."""
    figures: dict[int, list[float]] = {}
    for run in chain.from_iterable(map(counting, side)):
        figures.setdefault(run.round, []).append(_figure(scenario, run))
    return {number: fmean(both) for number, both in figures.items()}


def _drawn_ratios(pair: Figures, seed: int, before: tuple[int, ...]) -> Figures:
    """Return the ratios of the two figures of each round, over resamples of the rounds."""
    return _ratios(*(_drawn_medians(tuple(side), seed, before) for side in pair.T.tolist()))


# A cell is held against several others over the same rounds, and by the thousand.
@lru_cache(maxsize=64)
def _drawn_medians(figures: tuple[float, ...], seed: int, before: tuple[int, ...] = ()) -> Figures:
    """Return the medians of RESAMPLES resamples of the figures, one for each round.

    They are drawn behind those of links over as many rounds as `before` has.
    """
    dice = np.random.default_rng(seed)
    *_, drawn = (dice.integers(0, n, (RESAMPLES, n)) for n in (*before, len(figures)))
    medians: Figures = np.median(np.asarray(figures, np.float64)[drawn], axis=1)
    return medians


def _ratios(over: Figures, under: Figures) -> Figures:
    """Return `over` by `under`, and 0 for each that is 0: instances that never ran together."""
    return np.divide(over, under, out=np.zeros_like(over), where=under > 0)


def _percentiles(rounds: int) -> list[float]:
    """Return the lower and the upper percentile of the resamples that bound a 95% interval.

    They lie as far out in the normal distribution as Student's quantile for this number of rounds,
    times sqrt(n / (n - 1)). The quantile is expanded in the inverse of its degrees of freedom
    (Abramowitz and Stegun, 26.7.5).
    """
    freedom = rounds - 1
    if freedom < 1:
        return [0.0, 100.0]
    student = (
        Z
        + (Z**3 + Z) / (4 * freedom)
        + (5 * Z**5 + 16 * Z**3 + 3 * Z) / (96 * freedom**2)
        + (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / (384 * freedom**3)
    )
    tail = 100 * NormalDist().cdf(-student * sqrt(rounds / freedom))
    return [tail, 100 - tail]


def spread(figure: Interval) -> float:
    """Return half the width of an interval as a fraction of the estimate, 0 if that is 0."""
    return (figure.high - figure.low) / 2 / figure.estimate if figure.estimate else 0.0


def accuracy_top1(predictions: Sequence[int], labels: Sequence[int]) -> float:
    """Return the fraction of predictions that equal the labels."""
    return float(np.mean(right_answers(predictions, labels)))


def right_answers(predictions: Sequence[int], labels: Sequence[int]) -> list[bool]:
    """Return for each image whether its prediction equals its label.

    Raises ValueError if there are more of one than of the other.
    """
    return [answer == label for answer, label in zip(predictions, labels, strict=True)]


def agreement(predictions: Sequence[int], others: Sequence[int]) -> float:
    """Return the fraction of images, one at least, to which both give the same class.

    Raises ValueError if there are more of one than of the other.
    """
    same = [one == other for one, other in zip(predictions, others, strict=True)]
    return sum(same) / len(same)
