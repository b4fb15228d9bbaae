from dataclasses import replace

import pytest

from stages.common.reasons import in_words
from stages.profile.sureness import Sureness
from stages.profile.validity import judge_repeat, judge_runs
from stages.records.base import Interval
from stages.records.measure import Run
from tests.unit.records import batches, exactly, interference, run

QUIET = [run(10.0, number) for number in (1, 2, 3, 4)]


def with_rates(*rates: float) -> list[Run]:
    return [run(rate, number) for number, rate in enumerate(rates, start=1)]


def disturbed(*numbers: int, **changes: float) -> list[Run]:
    """Return runs, two if their `numbers` are not given, with the same disturbance."""
    rounds = numbers or (1, 2)
    return [run(10.0, number, interference=interference(**changes)) for number in rounds]


def test_quiet_runs_are_valid() -> None:
    verdict = judge_runs(QUIET, QUIET)
    assert (verdict.valid, verdict.reasons) == (True, [])


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        (
            [*QUIET[:3], run(10.0, 4, valid=False, reasons=["shorter than the least duration"])],
            "LoadGen, 1 of 4 runs: shorter than the least duration; measure again with --force",
        ),
        (
            [run(10.0, 1, valid=False, reasons=["fewer than the least number of queries"])],
            "number of queries; raise VGG19_ROUND_QUERIES or VGG19_ROUND_DURATION_S",
        ),
        (with_rates(10.0, 8.0, 12.5, 10.0, 8.0, 12.5), "the median varies by 22.5%; quieten"),
        (with_rates(9.0, 9.0, 9.0, 10.0, 10.0, 10.0), "drifted by -10% from the first"),
        (
            with_rates(9.0, 9.0, 9.0, 10.0, 10.0, 10.0),
            "rounds; add rounds with --more, or measure again with --force profile",
        ),
        (disturbed(steal=0.05), "the hypervisor took 5% of"),
        (disturbed(waiting=0.38), "waited for other processes 38% of the cores' time"),
        (disturbed(waiting=2.54), "waited for other processes 100% of the cores' time"),
        ([*QUIET, run(10.0, 5, overlap=0.5)], "instances ran together for 50% of the time"),
        ([*QUIET, *disturbed(5, throttle_events=3)], "the cores throttled 3 times"),
        ([*QUIET, *disturbed(5, quota_periods=4)], "the CPU quota was used up in 4 periods"),
        (
            [*QUIET, *disturbed(5, clock_step_s=-2.0)],
            "the clock stepped by -2.00 s; stop what sets it, then add rounds with --more, or",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_scenario(runs: list[Run], reason: str) -> None:
    verdict = judge_runs(QUIET, runs)
    assert not verdict.valid
    lines = [in_words(given) for given in verdict.reasons]
    assert any(reason in line for line in lines), lines
    assert all(line.startswith("single-stream: ") for line in lines)
    assert {given.scenario for given in judge_runs(runs, QUIET).reasons} == {"offline"}


def test_the_verdict_is_on_the_figure_that_is_shown() -> None:
    # Each round has one slow query, which moves LoadGen's queries/s and not the median latency.
    queries = [batches(0.1, 0.1, 0.1, slow) for slow in (0.1, 0.9, 0.1, 0.9)]
    runs = [
        run(4 / sum(one.seconds), number, instances=[one])
        for number, one in enumerate(queries, start=1)
    ]
    assert judge_runs(QUIET, runs).valid
    assert not judge_runs(runs, QUIET).valid


def test_a_single_run_can_not_drift_or_spread() -> None:
    assert judge_runs([run(10.0)], [run(3.0)]).valid


@pytest.mark.parametrize("idle", [[0], [0, 1], [0, 1, 2]])
def test_instances_that_never_ran_together_have_that_as_the_reason(idle: list[int]) -> None:
    runs = [
        replace(run(1.0, number, overlap=0.0), rate_per_s=0.0)
        if number in idle
        else run(10.0, number)
        for number in range(len(idle) + 1)
    ]
    verdict = judge_runs(runs, QUIET)
    assert "overlap" in {reason.kind for reason in verdict.reasons}


def test_a_cell_that_equals_itself_closely_is_trusted() -> None:
    close = Interval(estimate=1.001, low=0.99, high=1.012)
    assert judge_repeat(close, exactly(1.0), 6, same_classes=True) == []


@pytest.mark.parametrize(
    ("offline", "stream"),
    [
        (Interval(estimate=1.007, low=1.001, high=1.019), exactly(1.0)),
        (exactly(1.0), Interval(estimate=0.97, low=0.955, high=0.985)),
    ],
)
def test_a_difference_that_is_known_to_be_small_is_trusted(
    offline: Interval, stream: Interval
) -> None:
    assert judge_repeat(offline, stream, 6, same_classes=True) == []
    assert Sureness("offline", 1.0, offline, 6).sure
    assert Sureness("single_stream", 1.0, stream, 6).sure


@pytest.mark.parametrize(
    "offline",
    [
        Interval(estimate=1.012, low=1.003, high=1.021),
        Interval(estimate=0.985, low=0.979, high=0.999),
    ],
)
def test_a_difference_that_may_be_more_is_not(offline: Interval) -> None:
    (said,) = judge_repeat(offline, exactly(1.0), 6, same_classes=True)
    assert said.kind == "not_itself"
    assert not Sureness("offline", 1.0, offline, 6).sure


@pytest.mark.parametrize(
    ("ratio", "reason"),
    [
        (Interval(estimate=1.05, low=1.02, high=1.06), "1.050 times as fast as itself (1.020 to"),
        (Interval(estimate=1.0, low=0.94, high=1.06), "itself (0.940 to 1.060), which is noise"),
    ],
)
def test_a_cell_that_differs_from_itself_is_not(ratio: Interval, reason: str) -> None:
    (said,) = judge_repeat(exactly(1.0), ratio, 6, same_classes=True)
    assert said.scenario == "single_stream"
    assert reason in in_words(said)


def test_other_classes_the_second_time_are_not_trusted() -> None:
    (said,) = judge_repeat(exactly(1.0), exactly(1.0), 6, same_classes=False)
    assert "other classes" in in_words(said)


def test_few_rounds_tell_no_noise() -> None:
    (said,) = judge_repeat(exactly(1.0), exactly(1.0), 1, same_classes=True)
    assert in_words(said).startswith("1 round is too few to estimate noise; add rounds with --more")


def test_offline_must_be_known_closer_than_single_queries() -> None:
    loose = Interval(estimate=1.0, low=0.97, high=1.03)
    assert judge_repeat(exactly(1.0), loose, 6, same_classes=True) == []
    (said,) = judge_repeat(loose, exactly(1.0), 6, same_classes=True)
    assert said.scenario == "offline"
