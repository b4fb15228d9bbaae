import pytest

from stages.errors import AccuracyBoundError
from stages.quantize.bound import Bound


def test_the_loss_is_relative_to_fp32() -> None:
    assert Bound(0.8, 0.01).loss(0.6) == pytest.approx(0.25)


def test_int8_may_be_better_than_fp32() -> None:
    bound = Bound(0.8, 0.0)
    assert bound.loss(0.9) < 0
    assert bound.is_met_by(0.9)


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
    assert Bound(1.0, tolerable).is_met_by(right / images) == met


def test_of_a_model_that_is_never_right_no_loss_is_given() -> None:
    with pytest.raises(AccuracyBoundError, match="FP32 classifies no validation image right"):
        Bound(0.0, 0.01).require_reference()
    Bound(0.01, 0.01).require_reference()
