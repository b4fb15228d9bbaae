"""Which turns count: by the kernel's counters, whatever the turns took."""

import pytest

from stages.profile.counting import BOUNDS, disturbances, marked
from stages.records.base import MIN_ROUNDS
from stages.records.measure import Run, counting
from tests.unit.records import interference, run


def disturbed(number: int, waiting: float = 0.3, rate: float = 5.0) -> Run:
    """Return a turn that waited for a core."""
    return run(rate, number, interference=interference(waiting=waiting), disturbed_by=["waiting"])


def rounds_of(runs: list[Run]) -> list[int]:
    return [run.round for run in counting(runs)]


QUIET = [run(10.0, number) for number in range(1, MIN_ROUNDS + 2)]


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, []),
        ({"waiting": BOUNDS["waiting"]}, []),
        ({"waiting": BOUNDS["waiting"] + 0.001}, ["waiting"]),
        ({"waiting": None, "switches": None}, []),
        ({"steal": 0.03, "throttle_events": 1}, ["steal", "throttled"]),
        ({"quota_periods": 1}, ["quota"]),
        ({"clock_step_s": -1.0}, ["clock_step"]),
        ({"switches": 10_000, "frequency_mhz": 800.0}, []),
    ],
)
def test_a_turn_is_disturbed_beyond_a_bound(changes: dict[str, float], kinds: list[str]) -> None:
    assert disturbances(interference(**changes)) == kinds


def test_without_disturbance_all_turns_count() -> None:
    (runs,) = marked([QUIET])
    assert rounds_of(runs) == [1, 2, 3, 4, 5, 6]


def test_a_round_counts_only_if_each_cell_has_an_undisturbed_turn_in_it() -> None:
    first, second = marked([QUIET, [*QUIET[:2], disturbed(3), *QUIET[3:]]])
    assert rounds_of(first) == rounds_of(second) == [1, 2, 4, 5, 6]
    assert len(second) == 6


def test_a_turn_that_was_taken_again_replaces_the_disturbed_one() -> None:
    again = run(9.9, 3)
    (runs,) = marked([[*QUIET[:2], disturbed(3), again, *QUIET[3:]]])
    assert rounds_of(runs) == [1, 2, 3, 4, 5, 6]
    assert [run.rate_per_s for run in counting(runs)][2] == 9.9


def test_how_long_a_turn_took_has_no_part_in_it() -> None:
    (runs,) = marked([[*QUIET[:5], run(0.1, 6)]])
    assert rounds_of(runs) == [1, 2, 3, 4, 5, 6]


def test_where_no_round_is_quiet_the_least_disturbed_turns_of_all_count() -> None:
    busy = [disturbed(number) for number in range(1, 7)]
    again = disturbed(4, waiting=0.1, rate=7.0)
    (runs,) = marked([[*busy[:4], again, *busy[4:]]])
    assert rounds_of(runs) == [1, 2, 3, 4, 5, 6]
    assert counting(runs)[3].rate_per_s == 7.0


def test_too_few_quiet_rounds_are_not_picked_out() -> None:
    (runs,) = marked([[*QUIET[: MIN_ROUNDS - 1], disturbed(5), disturbed(6)]])
    assert rounds_of(runs) == [1, 2, 3, 4, 5, 6]


def test_marks_of_before_are_forgotten() -> None:
    (once,) = marked([[*QUIET[:3], disturbed(4)]])
    (twice,) = marked([[*once, *QUIET[4:], run(10.0, 7)]])
    assert rounds_of(twice) == [1, 2, 3, 5, 6, 7]
