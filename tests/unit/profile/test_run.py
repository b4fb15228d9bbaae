"""All cells from the plan to their figures, with a stand-in for the worker."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.common.host import memory
from stages.common.worker.interleave import orders
from stages.common.worker.protocol import LoadgenTest, Ready, Trace, TraceAnswer, Warm
from stages.errors import DiskFullError, HostError, ProofError, WorkerError
from stages.profile.plan import PlannedCell
from stages.profile.proof import ProofRun, TraceResult, prove
from stages.profile.proving import TRACES
from stages.profile.run import measure
from stages.profile.turns import CellSamples
from stages.profile.until_sure import take_rounds
from stages.program import disk_space
from stages.records.measure import NodeTime
from stages.samples import Samples
from tests.unit.profile.stand_in import PREDICTIONS, StandIn, quiet_machine, slow_to_load
from tests.unit.profile.test_cell_workers import cell_workers
from tests.unit.records import NOT_COUNTED
from tests.unit.times import without_times

INT8 = PlannedCell("int8", "AVX2", None)
WHOLE = [[[0, 1]]]


@pytest.fixture(autouse=True)
def _stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.profile.cell_workers.WorkerProcess", StandIn)
    quiet_machine(monkeypatch)
    StandIn.reset()
    images = np.zeros((3, 224, 224, 3), np.uint8)
    Samples(images, np.array([1, 0, 0])).save(tmp_path / "train" / "data" / "test.npz")


def loadgen_tests() -> list[tuple[int, LoadgenTest]]:
    """Return the tests of LoadGen that were asked for, each with the number of its worker."""
    return [
        (number, request)
        for number, _, _, request in StandIn.asked
        if isinstance(request, LoadgenTest)
    ]


def test_a_cell_has_its_proof_its_accuracy_and_its_rounds(tmp_path: Path) -> None:
    (cell,) = measure(cell_workers(tmp_path, rounds="3"), [INT8], WHOLE).cells
    assert cell.proof
    assert cell.measurement
    assert cell.measurement.accuracy.top1 == pytest.approx(2 / 3)
    assert cell.measurement.accuracy.predictions == PREDICTIONS
    assert cell.measurement.offline.throughput_images_per_s.estimate == 4.0
    assert [run.round for run in cell.measurement.offline.runs] == [1, 2, 3]
    assert cell.measurement.single_stream.queries == 6
    assert cell.measurement.single_stream.latency_p50_ms.estimate == pytest.approx(375)
    assert cell.measurement.validity.valid
    assert cell.measurement.load_seconds == 2.0
    assert cell.roofline
    assert cell.roofline.achieved_gops == pytest.approx(
        4.0 * cell.roofline.operations_per_image / 1e9
    )


def test_the_log_is_on_for_the_proof_alone(tmp_path: Path) -> None:
    measure(cell_workers(tmp_path), [INT8], WHOLE)
    assert [verbose for _, _, verbose, _ in StandIn.asked][: TRACES + 1] == [
        *[True] * TRACES,
        False,
    ]
    assert not any(
        verbose for _, _, verbose, request in StandIn.asked if isinstance(request, LoadgenTest)
    )


def test_cells_are_traced_by_turns_and_the_fastest_trace_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    durations = iter([900.0, 50.0, 300.0, 60.0, 600.0, 70.0])

    def receive(worker: StandIn, answer: type, lasting_s: float = 0.0) -> object:
        if worker.tracing:
            nodes = [NodeTime("all", 0.0, next(durations))]
            return TraceAnswer(nodes=nodes, amx_busy=NOT_COUNTED)
        return answered(worker, answer, lasting_s)

    answered = StandIn.receive
    monkeypatch.setattr(StandIn, "receive", receive)
    cells = [INT8, PlannedCell("int8_bf16", "AVX2", None)]
    first, second = measure(cell_workers(tmp_path, rounds="1"), cells, WHOLE).cells
    traced = [number for number, _, _, request in StandIn.asked if isinstance(request, Trace)]
    assert traced == [1, 2] * TRACES
    assert first.proof
    assert first.proof.traced.milliseconds == 300.0
    assert [span.milliseconds for span in first.proof.also_traced] == [900.0, 600.0]
    assert second.roofline
    assert second.roofline.traced_ms == 50.0


def test_a_cell_is_measured_twice_by_a_worker_of_its_own(tmp_path: Path) -> None:
    other = PlannedCell("int8", "AVX2", None)
    repeat = measure(cell_workers(tmp_path, rounds="5"), [other], WHOLE).repeat
    assert (repeat.precision, repeat.isa, repeat.trusted) == ("int8", "AVX2", True)
    assert repeat.offline_ratio.estimate == 1.0
    assert {number for number, _ in loadgen_tests()} == {2, 3}
    folders = [Path(test.folder).relative_to(tmp_path / "loadgen") for _, test in loadgen_tests()]
    assert len(folders) == len(set(folders)) == 2 * (1 + 2 * 5)
    assert {folder.parts[0] for folder in folders} == {"int8_AVX2", "int8_AVX2.again"}


def test_the_workers_take_turns_in_shuffled_order_scenario_after_scenario(tmp_path: Path) -> None:
    measure(cell_workers(tmp_path, rounds="4", seed="7"), [INT8], WHOLE)
    timed = [(number, test.scenario) for number, test in loadgen_tests() if not test.accuracy]
    for scenario in ("offline", "single_stream"):
        turns = [index + 2 for order in itertools.islice(orders(2, 7), 4) for index in order]
        assert [number for number, of in timed if of == scenario] == turns
    assert [of for _, of in timed] == [*["offline"] * 2, *["single_stream"] * 2] * 4


def test_loading_does_not_count_in_what_is_said_to_be_left_of_the_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow_to_load(monkeypatch, load_s=100.0, turn_s=10.0)
    measure(cell_workers(tmp_path, rounds="3"), [INT8], [[[0, 1]], [[0], [1]]])
    # In a round one process takes its turn, then two, one after the other as far as the clock goes.
    shown = without_times(capsys.readouterr().out)
    assert "[profile 1/5] 2 layouts of instances, 3 rounds: 1/3, about 60 s left" in shown


def test_no_round_begins_while_a_cell_with_earlier_samples_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[int] = []

    def wait(worker: StandIn) -> Ready:
        if not loadgen_tests():
            loaded.append(worker.number)
        return worker.ready

    monkeypatch.setattr(StandIn, "wait", wait)
    names = ("int8_AVX2", "int8_AVX2.again")
    earlier = {
        name: CellSamples(
            name=name,
            predictions=PREDICTIONS,
            accuracy_log="",
            accuracy_made="",
            images_per_s=4.0,
            load_seconds=2.0,
        )
        for name in names
    }
    measure(cell_workers(tmp_path, rounds="2"), [INT8], WHOLE, earlier=earlier)
    assert {2, 3} <= {*loaded}


def test_no_worker_is_left(tmp_path: Path) -> None:
    measure(cell_workers(tmp_path), [INT8], WHOLE)
    assert (StandIn.started, StandIn.alive) == (3, 0)


def test_a_worker_that_fails_in_the_middle_of_the_rounds_ends_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = StandIn.receive

    def receive(worker: StandIn, answer: type, lasting_s: float = 0.0) -> object:
        if len(loadgen_tests()) > 5:
            raise WorkerError("measuring int8_AVX2 returned no readable result")
        return answered(worker, answer, lasting_s)

    monkeypatch.setattr(StandIn, "receive", receive)
    with pytest.raises(WorkerError, match="no readable result"):
        measure(cell_workers(tmp_path, rounds="4"), [INT8], WHOLE)
    assert len(loadgen_tests()) == 6
    assert StandIn.alive == 0


def test_a_log_that_may_be_cut_off_is_no_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_space, "full_among", lambda folders: next(iter(folders)))
    with pytest.raises(DiskFullError, match="no space left at"):
        measure(cell_workers(tmp_path), [INT8], WHOLE)
    assert loadgen_tests() == []


def test_what_is_not_proven_is_not_timed(tmp_path: Path) -> None:
    with pytest.raises(ProofError):
        measure(cell_workers(tmp_path), [PlannedCell("fp32", "AVX2", None)], WHOLE)
    assert loadgen_tests() == []


def test_impossible_cells_keep_their_place_and_count_as_no_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = [PlannedCell("bf16", "AVX2", "no BF16"), INT8]
    left_out, int8 = measure(cell_workers(tmp_path, rounds="2"), planned, WHOLE).cells
    assert (left_out.impossible, left_out.measurement) == ("no BF16", None)
    assert int8.measurement
    assert without_times(capsys.readouterr().out) == [
        "[profile 1/4] proof of int8 capped at AVX2",
        "[profile 2/4] top-1 of int8 capped at AVX2",
        "[profile 3/4] top-1 of int8 capped at AVX2, measured twice",
        "[profile 4/4] 2 rounds",
    ]


def test_instances_begin_together_each_with_a_log_of_its_own(tmp_path: Path) -> None:
    (cell,) = measure(cell_workers(tmp_path, rounds="1"), [INT8], [[[0], [1]]]).cells
    assert cell.measurement
    (run,) = cell.measurement.offline.runs
    assert [batches.log for batches in run.instances] == [
        "int8_AVX2/offline-1-of-1",
        "int8_AVX2/offline-1-of-2",
    ]
    assert (run.rate_per_s, run.overlap) == pytest.approx((2 * 8 * 2 / 0.75, 1.0))
    assert len(run.seconds) == 4
    starts = [
        test.start_at_s
        for number, test in loadgen_tests()
        if number in (2, 3) and test.scenario == "offline" and not test.accuracy
    ]
    assert len(starts) == 2
    assert starts[0] == starts[1] > 0
    (stream,) = cell.measurement.single_stream.runs
    assert [batches.log for batches in stream.instances] == ["int8_AVX2/single_stream-1"]


def test_all_is_warm_before_it_is_timed(tmp_path: Path) -> None:
    measure(cell_workers(tmp_path, rounds="1"), [INT8], WHOLE)
    asked = [(number, request) for number, _, _, request in StandIn.asked]
    for before, (number, request) in itertools.pairwise(asked):
        if isinstance(request, LoadgenTest) and not request.accuracy:
            assert before == (number, Warm(request.batch_size))


def test_of_several_layouts_the_fastest_is_taken_for_all(tmp_path: Path) -> None:
    measured = measure(cell_workers(tmp_path, rounds="2"), [INT8], [[[0, 1]], [[0], [1]]])
    assert (measured.layout.num_instances, measured.layout.cores_per_instance) == (2, 1)
    assert [trial.layout.num_instances for trial in measured.tried] == [1, 2]
    assert [trial.throughput_images_per_s.estimate for trial in measured.tried] == [
        4.0,
        pytest.approx(2 * 8 * 2 / 0.75),
    ]
    assert StandIn.alive == 0


def test_what_does_not_fit_into_memory_is_not_started(tmp_path: Path) -> None:
    StandIn.peak = 2**50
    with pytest.raises(
        HostError, match=r"4 processes need about 2621440\.3 GiB .* or fewer instances"
    ):
        measure(cell_workers(tmp_path), [INT8], [[[0], [1]]])
    assert StandIn.started == 1


def test_fewer_steps_than_were_counted_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def prove_one(cell: PlannedCell, log: Path, trace: TraceResult, _: object) -> ProofRun:
        return replace(prove(INT8, log, trace, {}), same_as=None if cell == INT8 else "AVX2")

    monkeypatch.setattr("stages.profile.proving.prove", prove_one)
    measure(cell_workers(tmp_path, rounds="1"), [INT8, replace(INT8, isa="AVX512_CORE")], WHOLE)
    lines = without_times(capsys.readouterr().out)
    assert lines[1] == "[profile 2/6] proof of int8 capped at AVX512_CORE"
    assert lines[2] == (
        "[profile]   1 cell runs the same kernels as at a lower cap: not timed again, 1 step fewer"
    )
    assert lines[3].startswith("[profile 3/5] ")


@pytest.fixture
def _three_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let memory hold three processes: the last cell, another, and the last cell again."""
    monkeypatch.setattr(memory, "available", lambda: memory.LIBRARIES + 2 * StandIn.peak)
    monkeypatch.setattr(
        "stages.profile.proving.prove", lambda _, log, trace, __: prove(INT8, log, trace, {})
    )


IN_TWO_GROUPS = [replace(INT8, isa=isa) for isa in ("AVX2", "AVX512_CORE", "AVX512_CORE_VNNI")]


@pytest.mark.usefixtures("_three_at_a_time")
def test_what_memory_does_not_hold_at_once_is_measured_in_groups(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = measure(cell_workers(tmp_path, rounds="2"), IN_TWO_GROUPS, WHOLE)
    rounds = [
        [run.round for run in cell.measurement.offline.runs if run.counts]
        for cell in measured.cells
        if cell.measurement
    ]
    assert rounds == [[1, 2], [3, 4], [1, 2, 3, 4]]
    assert [run.round for run in measured.repeat.measurement.offline.runs] == [1, 2, 3, 4]
    # Each loads when the one before it has, and none classifies the test split twice.
    assert StandIn.loads_alone
    assert sum(test.accuracy for _, test in loadgen_tests()) == 4
    said = "3 cells are measured in 2 groups, each with int8_AVX512_CORE_VNNI"
    assert f"memory holds 3 processes at a time: {said}" in capsys.readouterr().out


@pytest.mark.usefixtures("_three_at_a_time")
def test_each_group_is_sure_of_its_own_figures_and_all_of_them_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measure(cell_workers(tmp_path), IN_TWO_GROUPS, WHOLE)
    lines = without_times(capsys.readouterr().out)
    assert sum("all figures of this group are known closely enough" in it for it in lines) == 2
    said = "all groups together: all figures are known closely enough, and all ratios"
    assert lines[-1] == f"[profile]   {said}"


@pytest.mark.usefixtures("_three_at_a_time")
def test_the_time_that_a_group_leaves_is_the_next_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []

    def taken(turns: Any, cells: Any, pairs: Any, budget_s: float, progress: Any) -> float:
        given.append(budget_s)
        take_rounds(turns, cells, pairs, budget_s, progress)
        return budget_s - 30

    monkeypatch.setattr("stages.profile.rounds.take_rounds", taken)
    measure(cell_workers(tmp_path, time_budget="100"), IN_TWO_GROUPS, WHOLE)
    assert given == [50, 70]
