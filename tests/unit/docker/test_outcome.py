import pytest

from docker.outcome import Outcome, of_container, seconds_between


@pytest.mark.parametrize(
    "began", ["", "now", "2026-11-26T08:00:00.1+01:00", "2027-01-01T00:00:00Z"]
)
def test_times_that_can_not_be_read_are_no_failure(began: str) -> None:
    assert seconds_between(began, "2026-11-26T08:00:00.123456789Z") == 0
    assert seconds_between("2026-11-26T08:00:00Z", "2026-11-26T08:00:01.500000000Z") == 1.5


@pytest.mark.parametrize("state", ["", "now", "a b true", "a b true 1 2"])
def test_without_an_answer_of_the_engine_the_code_is_still_right(state: str) -> None:
    assert of_container(state, 137) == Outcome(137, 0.0)


@pytest.mark.parametrize("limit", ["0", "-1", "<nil>"])
def test_a_limit_that_is_none_is_not_named(limit: str) -> None:
    reason = of_container(f"a b true {limit}", 137).reason
    assert reason.startswith("was killed for want of memory; ask for a smaller batch")
