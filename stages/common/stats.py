"""How certain a figure is: 95% intervals by bootstrap over the rounds.

Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap, chapter 13 (percentile method).
Whole rounds are drawn, as all samples of a round are disturbed by the same. With few rounds
percentile intervals are too narrow; they are widened as in T. Hesterberg, What Teachers Should
Know About the Bootstrap (2015), section 5.3.
"""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from stages.records.base import Interval
from stages.records.measure import Run

RESAMPLES = 4_000
Z = NormalDist().inv_cdf(0.975)


def interval(values: Sequence[float], seed: int = 0) -> Interval:
    """Return the median of `values`, one per round, with its 95% interval.

    The same values and seed give the same interval. A single value is its own interval.
    """
    data = np.asarray(values, np.float64)
    resamples = np.random.default_rng(seed).integers(0, len(data), (RESAMPLES, len(data)))
    medians = np.median(data[resamples], axis=1)
    low, high = np.percentile(medians, _percentiles(len(data)))
    return Interval(estimate=float(np.median(data)), low=float(low), high=float(high))


def speedup(changed: Sequence[Run], reference: Sequence[Run], seed: int = 0) -> Interval:
    """Return how many times as fast as `reference` `changed` is, with its 95% interval.

    It is the ratio of the median times of a batch (in a single stream, of a query) over all rounds,
    which a short disturbance does not move. Both sides are resampled by the same rounds, so that
    what slows a round down slows both. Raises ValueError if one has more rounds than the other.
    """
    rounds = [(run.seconds, base.seconds) for run, base in zip(changed, reference, strict=True)]
    ours, theirs = (_Pool(seconds) for seconds in zip(*rounds, strict=True))
    size = len(rounds)
    resamples = np.random.default_rng(seed).integers(0, size, (RESAMPLES, size))
    drawn = [np.bincount(resample, minlength=size) for resample in resamples]
    ratios = [theirs.median(times) / ours.median(times) for times in drawn]
    low, high = np.percentile(ratios, _percentiles(size))
    once = np.ones(size, np.int64)
    estimate = theirs.median(once) / ours.median(once)
    return Interval(estimate=estimate, low=float(low), high=float(high))


class _Pool:
    """The seconds of all rounds, sorted once, so that thousands of medians of them take no sort."""

    def __init__(self, rounds: Sequence[Sequence[float]]) -> None:
        seconds = np.concatenate([np.asarray(values, np.float64) for values in rounds])
        owners = np.repeat(np.arange(len(rounds)), [len(values) for values in rounds])
        order = np.argsort(seconds, kind="stable")
        self._seconds, self._rounds = seconds[order], owners[order]

    def median(self, times: npt.NDArray[np.int64]) -> float:
        """Return the median with each round drawn as many times as `times` has at its place."""
        ends = np.cumsum(times[self._rounds])
        middle = ((ends[-1] - 1) // 2, ends[-1] // 2)
        low, high = self._seconds[np.searchsorted(ends, middle, side="right")]
        return float((low + high) / 2)


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
    return float(np.mean(np.array(predictions) == np.array(labels)))
