import itertools

import pytest

from stages.errors import PinningError
from stages.profile.layouts import layout_of, split, splits
from stages.settings import Settings


def test_neighbours_stay_together() -> None:
    assert split([0, 1, 4, 5], 2) == [[0, 1], [4, 5]]
    assert split([0, 1, 2], 3) == [[0], [1], [2]]


def test_fewer_cores_than_there_are_leave_the_rest_idle() -> None:
    assert split([0, 1, 2, 3, 4], 2) == [[0, 1], [2, 3]]
    assert split([0, 1, 2, 3, 4], 2, 1) == [[0], [1]]


@pytest.mark.parametrize(("number", "each", "needed"), [(3, 0, 3), (2, 2, 4), (1, 3, 3)])
def test_more_than_there_are_is_refused(number: int, each: int, needed: int) -> None:
    with pytest.raises(PinningError, match=f"need {needed} cores, and there are 2; ask for less"):
        split([0, 1], number, each)


def test_what_is_asked_for_is_the_only_one() -> None:
    settings = Settings(num_instances="2", cores_per_instance=1)
    assert splits(settings, [0, 1, 2]) == [[[0], [1]]]
    assert splits(Settings(), [0, 1, 2]) == [[[0, 1, 2]]]


def test_auto_tries_all_equal_shares() -> None:
    auto = Settings(num_instances="auto")
    assert splits(auto, [0, 1]) == [[[0, 1]], [[0], [1]]]
    shapes = [layout_of(each) for each in splits(auto, list(range(6)))]
    assert [(each.num_instances, each.cores_per_instance) for each in shapes] == [
        *((1, 6), (2, 3), (3, 2), (6, 1)),
    ]


def test_of_many_auto_keeps_those_that_differ_most() -> None:
    found = [len(each) for each in splits(Settings(num_instances="auto"), list(range(48)))]
    assert len(found) == 6
    assert (found[0], found[-1]) == (1, 48)
    assert all(48 % number == 0 for number in found)
    assert max(b / a for a, b in itertools.pairwise(found)) <= 4
