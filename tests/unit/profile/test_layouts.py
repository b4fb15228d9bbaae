import itertools

import pytest

from stages.errors import PinningError
from stages.profile.layouts import candidate_placements, layout_of, place_instances
from stages.settings import Settings


def test_neighbours_stay_together() -> None:
    assert place_instances([0, 1, 4, 5], 2) == [[0, 1], [4, 5]]
    assert place_instances([0, 1, 2], 3) == [[0], [1], [2]]


def test_fewer_cores_than_there_are_leave_the_rest_idle() -> None:
    assert place_instances([0, 1, 2, 3, 4], 2) == [[0, 1], [2, 3]]
    assert place_instances([0, 1, 2, 3, 4], 2, 1) == [[0], [1]]


@pytest.mark.parametrize(("number", "cores_each", "needed"), [(3, 0, 3), (2, 2, 4), (1, 3, 3)])
def test_more_than_there_are_is_refused(number: int, cores_each: int, needed: int) -> None:
    with pytest.raises(PinningError, match=f"need {needed} cores, and there are 2; ask for less"):
        place_instances([0, 1], number, cores_each)


def test_what_is_asked_for_is_the_only_one() -> None:
    settings = Settings(num_instances=2, cores_per_instance=1)
    assert candidate_placements(settings, [0, 1, 2]) == [[[0], [1]]]
    assert candidate_placements(Settings(), [0, 1, 2]) == [[[0, 1, 2]]]


def test_auto_tries_all_equal_shares() -> None:
    auto = Settings(num_instances="auto")
    assert candidate_placements(auto, [0, 1]) == [[[0, 1]], [[0], [1]]]
    layouts = [layout_of(placement) for placement in candidate_placements(auto, list(range(6)))]
    assert [(layout.num_instances, layout.cores_per_instance) for layout in layouts] == [
        *((1, 6), (2, 3), (3, 2), (6, 1)),
    ]


def test_of_many_auto_keeps_those_that_differ_most() -> None:
    placements = candidate_placements(Settings(num_instances="auto"), list(range(48)))
    numbers = [len(placement) for placement in placements]
    assert len(numbers) == 6
    assert (numbers[0], numbers[-1]) == (1, 48)
    assert all(48 % number == 0 for number in numbers)
    assert max(after / before for before, after in itertools.pairwise(numbers)) <= 4
