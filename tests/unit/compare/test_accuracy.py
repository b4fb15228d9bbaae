"""What 150 images show of two models, and what they are too few for."""

import pytest

from stages.compare.accuracy import difference, in_words, top1_interval
from stages.records.accuracy import AccuracyDifference


def answers(*right_or_wrong: tuple[bool, int]) -> list[bool]:
    """Return runs of right and of wrong answers, each of the given length."""
    return [right for right, count in right_or_wrong for _ in range(count)]


def test_the_interval_is_exact() -> None:
    figure = top1_interval(answers((True, 148), (False, 2)))
    # By Clopper and Pearson, the quantiles of Beta(148, 3) and Beta(149, 2).
    assert figure.estimate == 148 / 150
    assert figure.low == pytest.approx(0.95267, abs=1e-5)
    assert figure.high == pytest.approx(0.99838, abs=1e-5)


def test_all_right_leaves_some_doubt_below_and_none_above() -> None:
    figure = top1_interval([True] * 150)
    assert (figure.estimate, figure.high) == (1.0, 1.0)
    assert figure.low == pytest.approx(0.025 ** (1 / 150))


@pytest.mark.parametrize(
    ("better", "worse", "said"),
    [
        (0, 0, "none of 150 images differs"),
        (1, 0, "1 of 150 images differs: no more than chance (p = 1)"),
        (2, 0, "2 of 150 images differ: no more than chance (p = 0.5)"),
        (2, 1, "3 of 150 images differ: no more than chance (p = 1)"),
        (0, 5, "5 of 150 images differ: no more than chance (p = 0.062)"),
        (0, 6, "6 of 150 images differ, 6 for the worse: more than chance (p = 0.031)"),
        (0, 20, "20 of 150 images differ, 20 for the worse: more than chance (p < 0.001)"),
        (11, 1, "12 of 150 images differ, 11 for the better: more than chance (p = 0.0063)"),
    ],
)
def test_a_difference_is_told_from_chance(better: int, worse: int, said: str) -> None:
    both = 150 - better - worse
    changed = answers((True, both + better), (False, worse))
    reference = answers((True, both), (False, better), (True, worse))
    found = difference(changed, reference)
    assert (found.better, found.worse, found.images) == (better, worse, 150)
    assert in_words(found) == said


@pytest.mark.parametrize("p_value", [0.0496, 0.0502])
def test_a_p_does_not_read_as_the_bound(p_value: float) -> None:
    found = AccuracyDifference(images=900, better=1, worse=9, p_value=p_value)
    assert f"(p = {p_value})" in in_words(found)


def test_of_one_image_none_differs() -> None:
    assert in_words(difference([True], [True])) == "none of 1 image differs"


def test_the_difference_is_of_the_same_images() -> None:
    with pytest.raises(ValueError, match="zip"):
        difference([True], [True, False])
