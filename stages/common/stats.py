"""How sure a figure is: 95% intervals by bootstrap over the rounds.

Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap, chapter 13 (percentile method);
rounds are drawn whole, as what is measured within one is disturbed by the same. Of few rounds such
intervals are too narrow, which T. Hesterberg, What Teachers Should Know About the Bootstrap (2015),
section 5.3, mends by wider percentiles.
"""

from collections.abc import Sequence
from itertools import chain
from math import sqrt
from statistics import NormalDist, median

import numpy as np

from stages.records.base import Interval
from stages.records.measure import Run

RESAMPLES = 4_000
Z = NormalDist().inv_cdf(0.975)


def interval(values: Sequence[float], seed: int = 0) -> Interval:
    """Return the median of `values`, one per round, with its 95% interval.

    The same values give the same interval. Of a single value nothing is known but itself.
    """
    data = np.asarray(values, np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(data), (RESAMPLES, len(data)))
    medians = np.median(data[drawn], axis=1)
    low, high = np.percentile(medians, _percentiles(len(data)))
    return Interval(estimate=float(np.median(data)), low=float(low), high=float(high))


def speedup(changed: Sequence[Run], reference: Sequence[Run], seed: int = 0) -> Interval:
    """Return how many times as fast as `reference` `changed` is, with its 95% interval.

    That is the ratio of the median batches (in a single stream, queries) of all rounds, which a
    burst of a neighbour's does not move. Rounds are drawn for both together, so that what slows a
    round slows both.
    """
    rounds = [(each.seconds, other.seconds) for each, other in zip(changed, reference, strict=True)]
    dice = np.random.default_rng(seed)
    drawn = dice.integers(0, len(rounds), (RESAMPLES, len(rounds)))
    ratios = [_ratio([rounds[at] for at in each]) for each in drawn]
    low, high = np.percentile(ratios, _percentiles(len(rounds)))
    return Interval(estimate=_ratio(rounds), low=float(low), high=float(high))


def _percentiles(rounds: int) -> list[float]:
    """Return the percentiles that contain 95% of what could have been measured in so many rounds.

    They are those of a normal deviate as far out as Student's, whose quantile is expanded in the
    inverse of its degrees of freedom (Abramowitz and Stegun, 26.7.5).
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


def _ratio(rounds: Sequence[tuple[list[float], list[float]]]) -> float:
    changed = median(chain.from_iterable(each for each, _ in rounds))
    reference = median(chain.from_iterable(other for _, other in rounds))
    return reference / changed


def spread(figure: Interval) -> float:
    """Return half the width of an interval, as a share of the figure."""
    return (figure.high - figure.low) / 2 / figure.estimate


def accuracy_top1(predictions: Sequence[int], labels: Sequence[int]) -> float:
    """Return the fraction of predictions that equal the labels."""
    return float(np.mean(np.array(predictions) == np.array(labels)))
