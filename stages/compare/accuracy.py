"""What the test split shows of accuracies: exact intervals, and whether a difference is chance."""

from collections.abc import Sequence
from functools import lru_cache

from stages.common import chance
from stages.common.figures import counted
from stages.records.accuracy import AccuracyDifference
from stages.records.base import Interval
from stages.records.compare import CompareRecord

# How far below that one is adds nothing.
SMALL_P = 0.001
SMALLER = f"p < {SMALL_P}"


def top1_interval(right: Sequence[bool]) -> Interval:
    """Return the fraction of images that are `right`, with its exact 95% interval."""
    low, high = exact_bounds(sum(right), len(right), 0.95)
    return Interval(estimate=sum(right) / len(right), low=low, high=high)


@lru_cache(maxsize=4096)  # machines that run one model ask for the same ones over and over
def exact_bounds(count: int, images: int, confidence: float) -> tuple[float, float]:
    """Return the exact bounds of the fraction of which `count` of some images were seen.

    Source: C. Clopper, E. Pearson, The Use of Confidence or Fiducial Limits (1934).
    """
    from scipy.stats import binomtest  # takes a second, which `--help` need not wait for

    low, high = binomtest(count, images).proportion_ci(confidence, method="exact")
    return float(low), float(high)


def difference(changed: Sequence[bool], reference: Sequence[bool]) -> AccuracyDifference:
    """Return by how many images two differ that classified the same ones, right or not.

    The test is McNemar's, exact: of the images that only one of both got right, chance alone would
    give each half of them. Raises ValueError if one has more images than the other.
    """
    from scipy.stats import binomtest

    pairs = [*zip(changed, reference, strict=True)]
    better, worse = pairs.count((True, False)), pairs.count((False, True))
    p_value = float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
    return AccuracyDifference(images=len(pairs), better=better, worse=worse, p_value=p_value)


def images_of(record: CompareRecord) -> int:
    """Return how many images a comparison's accuracies are of, 0 if FP32 was not measured."""
    return max((fp32.images for fp32 in record.chance.values()), default=0)


def p_in_words(found: AccuracyDifference) -> str:
    """Return how likely chance alone makes a difference as large."""
    return f"p = {chance.p_in_words(found.p_value)}" if found.p_value >= SMALL_P else SMALLER


def in_words(found: AccuracyDifference) -> str:
    """Return how large a difference is, and whether that is more than chance may make."""
    differ, images = found.better + found.worse, counted(found.images, "image")
    if not differ:
        return f"none of {images} differs"
    head = f"{differ} of {images} {'differs' if differ == 1 else 'differ'}"
    if found.p_value > chance.MAX_P:
        return f"{head}: no more than chance ({p_in_words(found)})"
    direction = "better" if found.better > found.worse else "worse"
    most = max(found.better, found.worse)
    return f"{head}, {most} for the {direction}: more than chance ({p_in_words(found)})"
