"""How sure a figure is: 95% intervals by bootstrap over the rounds.

Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap, chapter 13 (percentile method);
rounds are drawn whole, as what is measured within one is disturbed by the same.
"""

from collections.abc import Sequence
from itertools import chain
from statistics import median

import numpy as np

from stages.records.base import Interval
from stages.records.profile import Run

RESAMPLES = 2_000
TAIL = 2.5


def interval(values: Sequence[float], seed: int = 0) -> Interval:
    """Return the median of `values`, one per round, with its 95% interval.

    The same values give the same interval. Of a single value nothing is known but itself.
    """
    data = np.asarray(values, np.float64)
    drawn = np.random.default_rng(seed).integers(0, len(data), (RESAMPLES, len(data)))
    medians = np.median(data[drawn], axis=1)
    low, high = np.percentile(medians, [TAIL, 100 - TAIL])
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
    low, high = np.percentile(ratios, [TAIL, 100 - TAIL])
    return Interval(estimate=_ratio(rounds), low=float(low), high=float(high))


def _ratio(rounds: Sequence[tuple[list[float], list[float]]]) -> float:
    changed = median(chain.from_iterable(each for each, _ in rounds))
    reference = median(chain.from_iterable(other for _, other in rounds))
    return reference / changed


def spread(figure: Interval) -> float:
    """Return half the width of an interval, as a share of the figure."""
    return (figure.high - figure.low) / 2 / figure.estimate
