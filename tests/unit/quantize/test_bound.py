import pytest

from stages.common.figures import loss_in_words
from stages.errors import AccuracyBoundError
from stages.quantize.bound import Bound


def test_the_loss_is_relative_to_fp32() -> None:
    assert Bound(0.8, 0.01).loss(0.6) == pytest.approx(0.25)


def test_int8_may_be_better_than_fp32() -> None:
    bound = Bound(0.8, 0.0)
    assert bound.loss(0.9) == pytest.approx(-0.125)
    assert bound.is_met_by(0.9, 0.9)


@pytest.mark.parametrize(
    ("right", "images", "tolerable", "met"),
    [
        (99, 100, 0.01, True),
        (98, 100, 0.01, False),
        (149, 150, 0.01, True),
        (148, 150, 0.01, False),
        (97, 100, 0.03, True),
        (9_899, 10_000, 0.01, False),
        (100, 100, 0.0, True),
        (99, 100, 0.0, False),
    ],
)
def test_a_loss_exactly_at_the_bound_is_met(
    right: int, images: int, tolerable: float, met: bool
) -> None:
    assert Bound(1.0, tolerable).is_met_by(right / images, 0.0) == met


@pytest.mark.parametrize(
    ("same", "images", "tolerable", "met"),
    [
        (147, 150, 0.02, True),
        (146, 150, 0.02, False),
        (9, 10, 0.1, True),
        (10, 10, 0.0, True),
        (9_999, 10_000, 0.0, False),
        (0, 10, 1.0, True),
    ],
)
def test_a_disagreement_exactly_at_the_bound_is_met(
    same: int, images: int, tolerable: float, met: bool
) -> None:
    bound = Bound(1.0, 0.01, tolerable_disagreement=tolerable)
    assert bound.is_met_by(1.0, same / images) == met


def test_it_is_said_which_bound_is_missed() -> None:
    bound = Bound(0.8, 0.01, tolerable_disagreement=0.1)
    assert bound.missed_by(0.8, 0.95) == []
    assert bound.missed_by(0.7, 0.95) == ["loss"]
    assert bound.missed_by(0.8, 0.8) == ["disagreement"]
    assert bound.missed_by(0.7, 0.8) == ["loss", "disagreement"]


def test_what_is_not_bounded_is_never_in_excess() -> None:
    assert Bound(0.8, 0.01).excess(0.4, 0.0) == pytest.approx(0.49)
    assert Bound(0.8, 0.01, tolerable_disagreement=0.1).excess(0.4, 0.0) == pytest.approx(0.9)


def test_of_a_model_that_is_never_right_no_loss_is_given() -> None:
    with pytest.raises(AccuracyBoundError, match="FP32 classifies no validation image right"):
        Bound(0.0, 0.01).require_reference()
    Bound(0.01, 0.01).require_reference()
    assert Bound(0.0, 0.01).loss(0.5) is None
    assert not Bound(0.0, 0.99).is_met_by(1.0, 1.0)
    assert loss_in_words(None) == "undefined"
