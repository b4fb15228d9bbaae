import pytest

from stages.measure.protocol import LoadAnswer
from stages.profile.team import together


def answer(begin: float, *seconds: float) -> LoadAnswer:
    ended = [begin + sum(seconds[: at + 1]) for at in range(len(seconds))]
    return LoadAnswer(
        valid=True,
        reasons=[],
        rate_per_s=0.0,
        seconds=[*seconds],
        ended_s=ended,
        predictions=[],
    )


def test_only_the_time_in_which_all_ran_counts() -> None:
    # From 1 to 4, the first does three batches, the second one and a half.
    window = together([answer(0.0, 1.0, 1.0, 1.0, 1.0), answer(1.0, 2.0, 2.0, 1.0)], 8)
    assert window.images_per_s == pytest.approx(8 * 4.5 / 3)
    assert window.overlap == pytest.approx(3 / 6)


def test_instances_that_never_ran_together_did_nothing_together() -> None:
    window = together([answer(0.0, 1.0), answer(5.0, 1.0)], 8)
    assert (window.images_per_s, window.overlap) == (0.0, 0.0)


def test_one_instance_is_always_all() -> None:
    window = together([answer(3.0, 0.5, 0.5)], 4)
    assert (window.images_per_s, window.overlap) == pytest.approx((8.0, 1.0))
