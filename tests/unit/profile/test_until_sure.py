"""Rounds until sure, with groups whose rates and disturbances are made up."""

import random
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from stages.common.pairs import pairs_of
from stages.common.progress import Progress
from stages.common.worker.protocol import LoadgenTest
from stages.profile.plan import PlannedCell
from stages.profile.turns import SCENARIOS, CellSamples, Turns
from stages.profile.until_sure import take_rounds
from stages.records.measure import Run, counting
from stages.settings import Settings
from tests.unit.records import batches, interference, run
from tests.unit.times import without_times

CELLS = [PlannedCell("fp32", "AVX2", None), PlannedCell("int8", "AVX2", None)]
CELLS = [*CELLS, CELLS[1]]
PAIRS = [(("int8", "AVX2"), ("fp32", "AVX2"))]
TURN_S = 1.0
MEDIANS = (5.0, 20.0, 20.0)
Rate = Callable[[int], float]


class Clock:
    """Stands still but for the turns."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


class FakeGroup:
    """Runs at the rate that a function of the turn's number gives; `waiting` is another's."""

    def __init__(self, clock: Clock, rate: Rate, waiting: Rate = lambda _: 0.0) -> None:
        self._clock, self._rate, self._waiting, self._turns = clock, rate, waiting, count(1)
        self.asked: list[tuple[str, int, int]] = []

    def run(self, request: LoadgenTest, number: int, lasting_s: float, again: int = 0) -> Run:
        self._clock.now += TURN_S
        turn = next(self._turns)
        self.asked.append((request.scenario, number, again))
        rate, waiting = self._rate(turn), self._waiting(turn)
        return run(
            rate,
            number,
            instances=[batches(1 / rate, 1 / rate)],
            interference=interference(waiting=waiting),
            disturbed_by=["waiting"] if waiting else [],
        )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("turns", "until_sure"):
        monkeypatch.setattr(f"stages.profile.{module}.time", clock)
    return clock


def sample(name: str) -> CellSamples:
    """Return what a cell answered before it takes turns."""
    return CellSamples(
        name=name,
        predictions=[0],
        accuracy_made="",
        accuracy_log="log",
        images_per_s=10.0,
        load_seconds=1.0,
    )


def take(groups: list[FakeGroup], part: float = 1.0, **settings: Any) -> list[CellSamples]:
    """Let groups of CELLS take their rounds in a part of the time, and return their samples."""
    samples = [sample(str(number)) for number, _ in enumerate(groups)]
    turns: Any = Turns(Settings(**settings), groups, samples, samples)  # type: ignore[arg-type]
    with Progress("profile") as progress:
        progress.step("rounds")
        take_rounds(turns, CELLS, PAIRS, part * turns.settings.time_budget, progress)
    return samples


def rounds_of(samples: list[CellSamples]) -> list[int]:
    """Return how many rounds count, by scenario."""
    return [len(counting(samples[0].runs[scenario])) for scenario in SCENARIOS]


def wobbling(clock: Clock, by: float) -> list[FakeGroup]:
    """Return groups whose rates differ by a fraction of their median to either side, by turns."""

    def rates(median: float, seed: int) -> Rate:
        dice = random.Random(seed)
        return lambda _: median * (1 + by * dice.uniform(-1, 1))

    return [FakeGroup(clock, rates(median, seed)) for seed, median in enumerate(MEDIANS)]


def test_a_quiet_machine_ends_after_the_fewest_rounds(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = take(wobbling(clock, 0.0))
    assert rounds_of(samples) == [5, 5]
    assert clock.now == 2 * 5 * 3 * TURN_S
    last = without_times(capsys.readouterr().out)[-1]
    assert last == (
        "[profile]   rounds: 5 offline, 5 single-stream; all figures are known closely enough"
    )


def test_what_varies_gets_more_rounds(clock: Clock) -> None:
    groups = wobbling(clock, 0.06)
    offline, stream = rounds_of(take(groups))
    assert offline > 5
    assert clock.now < 300
    assert (offline + stream) * 3 * TURN_S == clock.now


def test_a_scenario_that_is_known_takes_no_more_turns(clock: Clock) -> None:
    groups = wobbling(clock, 0.06)
    offline, stream = rounds_of(take(groups, precision_goal=0.001, time_budget=200.0))
    # A single stream's ratios are in no table, and need not be known as closely.
    assert stream < offline


def test_the_ratio_to_what_runs_the_kernels_of_a_lower_cap_is_to_be_known(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fp32, vnni = ("fp32", "AVX512_CORE"), ("int8", "AVX512_CORE_VNNI")
    cells = [PlannedCell(*fp32, None), PlannedCell(*vnni, None)]
    monkeypatch.setattr(f"{__name__}.CELLS", [*cells, cells[1]])
    monkeypatch.setattr(f"{__name__}.PAIRS", [])
    without = rounds_of(take(wobbling(clock, 0.03), precision_goal=0.005))
    shown = {fp32: fp32, ("fp32", "AVX512_CORE_VNNI"): fp32, vnni: vnni}
    monkeypatch.setattr(f"{__name__}.PAIRS", pairs_of(shown))
    clock.now = 0.0
    assert rounds_of(take(wobbling(clock, 0.03), precision_goal=0.005))[0] > without[0]


def test_the_budget_ends_what_can_not_be_known(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = wobbling(clock, 0.5)
    samples = take(groups, time_budget=100.0)
    assert rounds_of(samples) == [17, 16]
    assert clock.now == 99
    assert (
        "the time for it is spent (--time-budget 100), and offline and single-stream not known"
        in (capsys.readouterr().out)
    )


def test_a_budget_shorter_than_a_round_gives_one_round(clock: Clock) -> None:
    groups = [FakeGroup(clock, lambda _: 5.0) for _ in CELLS]
    assert rounds_of(take(groups, time_budget=1.0)) == [1, 1]


def test_a_disturbed_turn_is_taken_again_in_its_round(clock: Clock) -> None:
    groups = [
        FakeGroup(clock, lambda _: 5.0),
        FakeGroup(clock, lambda turn: 10.0 if turn == 3 else 20.0, lambda turn: 0.4 * (turn == 3)),
        FakeGroup(clock, lambda _: 20.0),
    ]
    samples = take(groups)
    assert groups[1].asked[2:4] == [("offline", 2, 0), ("offline", 2, 1)]
    assert rounds_of(samples) == [5, 5]
    assert {run.rate_per_s for run in counting(samples[1].runs["offline"])} == {20.0}
    assert [run.counts for run in samples[1].runs["offline"]] == [True, False, *[True] * 4]


def test_what_is_always_disturbed_is_not_taken_again_and_ends_with_figures(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = [FakeGroup(clock, lambda _: 5.0, lambda _: 0.4) for _ in CELLS]
    samples = take(groups, time_budget=60.0)
    assert {again for group in groups for *_, again in group.asked} == {0}
    assert all(run.disturbed_by for run in counting(samples[0].runs["offline"]))
    said = "30 of 30 turns were disturbed, 30 of them in the figures for want of quiet ones"
    assert said in capsys.readouterr().out


def test_rounds_that_do_not_count_are_said_to_be_there(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(0)
    noisy: Rate = lambda _: 5.0 * (1 + 0.06 * dice.uniform(-1, 1))  # noqa: E731
    samples = take([FakeGroup(clock, noisy, lambda turn: 0.4 * (turn < 4)) for _ in CELLS])
    runs = samples[0].runs["offline"]
    taken, counted = len({run.round for run in runs}), len(counting(runs))
    assert counted < taken
    said = f"rounds: {counted} of {taken} (the others were disturbed) offline"
    assert said in capsys.readouterr().out


def test_a_fixed_number_is_a_fixed_number(clock: Clock) -> None:
    groups = [FakeGroup(clock, lambda _: 5.0, lambda turn: 0.4 * (turn == 2)) for _ in CELLS]
    samples = take(groups, rounds=3, time_budget=1.0)
    assert [len(cell.runs["offline"]) for cell in samples] == [3, 3, 3]
    assert {again for group in groups for *_, again in group.asked} == {0}


def test_by_the_way_it_says_how_sure_it_is_and_how_long_it_takes(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("stages.common.progress.LINE_INTERVAL_S", 0.0)
    take(wobbling(clock, 0.04))
    lines = capsys.readouterr().out.splitlines()
    assert "rounds: 1 done, INT8 " in lines[1]
    assert "(as yet without interval)" in lines[1]
    assert "FP32 ±" in lines[3]
    # As yet nobody knows how long it takes, only how much time there is.
    assert "; at most " in lines[3]
    assert lines[3].endswith(" s left")
    assert any("; about " in line for line in lines)


def test_int8_is_shown_against_the_fp32_that_runs_at_its_cap(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # FP32 runs the same at VNNI as without it, so it is timed there once.
    named = (("fp32", "AVX512_CORE"), ("int8", "AVX512_CORE"), ("int8", "AVX512_CORE_VNNI"))
    cells = [PlannedCell(precision, isa, None) for precision, isa in named]
    monkeypatch.setattr(f"{__name__}.CELLS", [*cells, cells[-1]])
    shown = {**{name: name for name in named}, ("fp32", "AVX512_CORE_VNNI"): named[0]}
    monkeypatch.setattr(f"{__name__}.PAIRS", pairs_of(shown))
    monkeypatch.setattr("stages.common.progress.LINE_INTERVAL_S", 0.0)

    def at(rate: float) -> FakeGroup:
        return FakeGroup(clock, lambda _: rate)

    take([at(5.0), at(10.0), at(20.0), at(20.0)])
    assert "INT8 4.00x FP32" in capsys.readouterr().out


def test_a_cell_that_is_not_as_fast_as_itself_is_what_it_says_it_waits_for(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("stages.common.progress.LINE_INTERVAL_S", 0.0)
    monkeypatch.setattr(f"{__name__}.MEDIANS", (5.0, 20.0, 21.5))
    take(wobbling(clock, 0.0))
    *lines, last = capsys.readouterr().out.splitlines()
    said = " s left: the cell measured twice is not as fast as itself"
    # How long that takes, nobody knows.
    assert all("; at most " in line for line in lines[1:])
    assert all(line.endswith(said) for line in lines[11:])
    assert last.endswith(
        "(--time-budget 300), and the cell measured twice is not as fast as itself offline and "
        "single-stream"
    )


def test_a_group_counts_no_round_of_the_groups_before(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cell measured twice had its turns in these, too."""
    fp32, int8, bf16, again = (sample(name) for name in ("fp32", "int8", "bf16", "again"))
    everything = [fp32, int8, bf16, again]

    def take_group(cells: list[PlannedCell], own: list[CellSamples], waiting: Rate) -> str:
        groups: Any = [FakeGroup(clock, lambda _: 20.0, waiting) for _ in own]
        turns = Turns(Settings(time_budget=400.0), groups, own, everything)
        with Progress("profile") as progress:
            progress.step("rounds")
            take_rounds(turns, cells, PAIRS, 200.0, progress)
        return without_times(capsys.readouterr().out)[-1]

    disturbed_once: Rate = lambda turn: 0.4 * (turn == 2)  # noqa: E731
    take_group([CELLS[1], CELLS[0], CELLS[1]], [int8, fp32, again], disturbed_once)
    third = PlannedCell("bf16", "AVX2", None)
    last = take_group([CELLS[1], third, CELLS[1]], [int8, bf16, again], lambda _: 0.0)
    assert last == (
        "[profile]   rounds: 5 offline, 5 single-stream; all figures of this group are known "
        "closely enough"
    )


def test_a_group_names_its_own_part_of_the_time(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    take(wobbling(clock, 0.5), part=0.25, time_budget=400.0)
    said = "this group's 100 s of --time-budget 400 are spent, and offline and single-stream not"
    assert said in capsys.readouterr().out
    take(wobbling(clock, 0.0), part=0.25, time_budget=400.0)
    assert "; all figures of this group are known closely enough" in capsys.readouterr().out
