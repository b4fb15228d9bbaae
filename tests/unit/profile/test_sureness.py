"""About how many more rounds it takes."""

import pytest

from stages.profile.sureness import Sureness
from tests.unit.records import exactly


@pytest.mark.parametrize(("excess", "left"), [(0.5, 0), (2.0, 18), (1e3, 6_000_000 - 6)])
def test_it_takes_the_square_of_how_much_too_wide_an_interval_is(excess: float, left: int) -> None:
    assert Sureness(excess, exactly(1.0), 6).rounds_left == left


@pytest.mark.parametrize("excess", [1e200, float("inf")])
def test_an_interval_that_never_gets_narrow_enough_takes_some_number(excess: float) -> None:
    assert Sureness(excess, exactly(1.0), 6).rounds_left >= 10**9
