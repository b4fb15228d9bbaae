"""A model that is right no more often than the largest class alone is at chance."""

from fractions import Fraction
from math import comb

import pytest

from stages.common.chance import at_chance, chance_of, warn_at_chance
from stages.records.accuracy import Chance


def exactly(right: int, images: int, largest: int) -> float:
    """Return the p of the test in whole numbers, without any rounding."""
    rate = Fraction(largest, images)
    terms = (
        comb(images, count) * rate**count * (1 - rate) ** (images - count)
        for count in range(right, images + 1)
    )
    return float(sum(terms))


def classified(right: int, images: int, largest: int) -> Chance:
    """Return the chance of a model that gets the first images right, the largest class first."""
    labels = [0] * largest + [1 + index % 7 for index in range(images - largest)]
    chance = chance_of([*labels[:right], *[9] * (images - right)], labels)
    assert chance
    return chance


@pytest.mark.parametrize(
    ("right", "images", "largest"),
    [(35, 100, 34), (60, 150, 50), (150, 150, 50), (0, 150, 50), (1, 3, 1), (299, 300, 298)],
)
def test_p_is_that_of_the_exact_binomial_test(right: int, images: int, largest: int) -> None:
    found = classified(right, images, largest)
    assert (found.images, found.right, found.largest_class) == (images, right, largest)
    assert found.p_value == pytest.approx(exactly(right, images, largest), rel=1e-9)


def test_the_last_image_that_is_no_more_than_chance() -> None:
    # Of 150 images with three classes of 50, as the embedded test split has them.
    assert at_chance(classified(60, 150, 50))
    assert not at_chance(classified(61, 150, 50))


def test_always_answering_the_largest_class_is_chance() -> None:
    assert at_chance(classified(90, 100, 90)) == (
        "FP32 gets 90 of 100 right, the largest class alone gives 90 (p = 0.58): no accuracy can "
        "be compared"
    )


def test_of_one_class_alone_nothing_can_be_said() -> None:
    assert classified(5, 5, 5).p_value == 1.0
    assert at_chance(chance_of([0], [0]))


def test_many_images_neither_overflow_nor_take_long() -> None:
    assert classified(100_000, 100_000, 33_334).p_value == 0.0
    assert classified(0, 100_000, 33_334).p_value == 1.0
    assert classified(33_334, 100_000, 33_334).p_value == pytest.approx(0.5, abs=0.01)


def test_without_images_there_is_no_chance() -> None:
    assert chance_of([], []) is None
    assert at_chance(None) == ""


def test_the_warning_is_one_line_and_only_if_need_be(capsys: pytest.CaptureFixture[str]) -> None:
    warn_at_chance("train", classified(150, 150, 50), "test")
    warn_at_chance("train", None, "test")
    assert capsys.readouterr() == ("", "")
    warn_at_chance("train", classified(35, 100, 34), "test")
    assert capsys.readouterr().err == (
        "train: AT CHANCE on test: FP32 gets 35 of 100 right, the largest class alone gives 34 "
        "(p = 0.45): no accuracy can be compared\n"
    )


def test_a_model_that_is_always_right_leaves_a_p_that_a_record_may_hold() -> None:
    # 3 ** -352 is below the smallest number that records are read with.
    assert classified(352, 352, 118).p_value == 0.0
    assert 0 < classified(200, 200, 67).p_value < 1e-90
