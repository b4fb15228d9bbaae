"""How sure a figure is: 95% intervals by bootstrap over the rounds.

Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap, chapter 13 (percentile method).
"""

from collections.abc import Sequence

import numpy as np

from stages.records.base import Interval

RESAMPLES = 10_000
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


def ratio(changed: Sequence[float], reference: Sequence[float], seed: int = 0) -> Interval:
    """Return `changed` over `reference`, paired by round, with its 95% interval."""
    return interval([a / b for a, b in zip(changed, reference, strict=True)], seed)


def spread(figure: Interval) -> float:
    """Return half the width of an interval, as a share of the figure."""
    return (figure.high - figure.low) / 2 / figure.estimate
