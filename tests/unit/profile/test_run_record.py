import pytest

from stages.profile.run_record import joint_window
from tests.unit.records import batches


def test_only_the_time_in_which_all_ran_counts() -> None:
    # From 1 to 4, the first does three batches, the second one and a half.
    window = joint_window([batches(1.0, 1.0, 1.0, 1.0), batches(2.0, 2.0, 1.0, begin=1.0)], 8)
    assert window.images_per_s == pytest.approx(8 * 4.5 / 3)
    assert window.overlap == pytest.approx(3 / 6)


def test_instances_that_never_ran_together_did_nothing_together() -> None:
    window = joint_window([batches(1.0), batches(1.0, begin=5.0)], 8)
    assert (window.images_per_s, window.overlap) == (0.0, 0.0)


def test_one_instance_is_always_all() -> None:
    window = joint_window([batches(0.5, 0.5, begin=3.0)], 4)
    assert (window.images_per_s, window.overlap) == pytest.approx((8.0, 1.0))
