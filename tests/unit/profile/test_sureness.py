"""About how many more rounds it takes."""

import pytest

from stages.profile.sureness import Sureness, ratio_widths, sureness
from tests.unit.records import exactly, run


@pytest.mark.parametrize(("excess", "left"), [(0.5, 0), (2.0, 18), (1e3, 6_000_000 - 6)])
def test_it_takes_the_square_of_how_much_too_wide_an_interval_is(excess: float, left: int) -> None:
    assert Sureness("offline", excess, exactly(1.0), 6).rounds_left == left


@pytest.mark.parametrize("excess", [1e200, float("inf")])
def test_an_interval_that_never_gets_narrow_enough_takes_some_number(excess: float) -> None:
    assert Sureness("offline", excess, exactly(1.0), 6).rounds_left >= 10**9


def test_cells_that_shared_no_round_are_held_against_the_repeated_cell() -> None:
    """As after a run in which memory did not hold all cells at once."""
    repeated, fp32, bf16 = (("int8", "AVX2"), ("fp32", "AVX2"), ("bf16", "AVX2"))
    first, second = range(1, 7), range(7, 13)
    runs = {
        repeated: [run(20.0, number) for number in (*first, *second)],
        fp32: [run(5.0, number) for number in first],
        bf16: [run(8.0, number) for number in second],
    }
    assert sureness("offline", runs, repeated, runs[repeated], [(bf16, fp32)], 0.02).sure
    runs[bf16] = [run(8.0 + number % 2, number) for number in second]
    assert not sureness("offline", runs, repeated, runs[repeated], [(bf16, fp32)], 0.02).sure


def test_a_group_is_not_sure_while_a_ratio_to_another_group_would_be_too_wide() -> None:
    repeated, fp32, bf16 = (("int8", "AVX2"), ("fp32", "AVX2"), ("bf16", "AVX2"))
    runs = {
        repeated: [run(20.0, number) for number in range(1, 9)],
        bf16: [run(8.0 + 0.2 * (number % 2), number) for number in range(1, 9)],
    }
    found = [
        sureness("offline", runs, repeated, runs[repeated], pairs, 0.02)
        for pairs in ([(bf16, repeated)], [(bf16, fp32)])
    ]
    assert found[0].sure
    # Two links as wide as this one may make a ratio that is wider than the goal.
    assert not found[1].sure
    assert found[1].excess == pytest.approx(found[0].excess * 2)


def test_two_groups_that_are_sure_make_a_ratio_that_is_known_as_closely() -> None:
    repeated, fp32, bf16 = (("int8", "AVX2"), ("fp32", "AVX2"), ("bf16", "AVX2"))
    first, second = range(1, 6), range(6, 11)
    runs = {
        repeated: [run(20.0, number) for number in (*first, *second)],
        fp32: [run(5.0 + 0.09 * (number % 2), number) for number in first],
        bf16: [run(8.0 + 0.14 * (number % 2), number) for number in second],
    }
    pairs = [(bf16, fp32)]
    (wide,) = ratio_widths(runs, repeated, runs[repeated], pairs).values()
    for cell in (fp32, bf16):
        group = {repeated: runs[repeated], cell: runs[cell]}
        found = sureness("offline", group, repeated, runs[repeated], pairs, 0.018)
        assert found.sure
    assert wide <= 0.018
    # The widths of the links add up: by the root of their squares it would be narrower.
    assert wide > 0.018 / 2**0.5
