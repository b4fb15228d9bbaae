"""What a cell's worker holds, and how a cell is proven, with a stand-in for the worker."""

from pathlib import Path

import pytest

from stages.artifacts import Artifacts
from stages.command_line import load
from stages.common.host.memory import Footprint
from stages.common.worker.protocol import Trace
from stages.errors import ProofError
from stages.profile.cell_workers import CellWorkers
from stages.profile.plan import PlannedCell
from stages.profile.proof import TraceResult, prove
from tests.unit.profile.stand_in import TRACED_MS, StandIn


def cell_workers(folder: Path, **variables: str) -> CellWorkers:
    return CellWorkers(
        settings=load({f"VGG19_{name.upper()}": text for name, text in variables.items()}),
        artifacts=Artifacts(folder),
        onednn_logs=folder,
        loadgen_logs=folder / "loadgen",
    )


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.profile.cell_workers.WorkerProcess", StandIn)
    StandIn.reset()


def trace_of(cell: PlannedCell, workers: CellWorkers) -> TraceResult:
    with workers.logged([cell], [2]) as (worker,):
        trace, footprint = workers.trace(worker, 8)
        assert footprint == Footprint(StandIn.peak, StandIn.peak // 2)
        return trace


def test_a_cell_is_proven_by_one_batch_under_onednns_log(tmp_path: Path) -> None:
    workers, cell = cell_workers(tmp_path), PlannedCell("int8", "AVX2", None)
    run = prove(cell, workers.log_of(cell), trace_of(cell, workers), {})
    assert StandIn.asked == [(1, "AVX2", True, Trace(8))]
    assert (run.proof.verdict, run.proof.log) == ("native", "int8_AVX2.log")
    assert (tmp_path / run.proof.log).is_file()
    assert run.inference.milliseconds == TRACED_MS
    kinds = [primitive.primitive for primitive in run.inference.primitives]
    assert kinds.count("convolution") == 48


def test_what_did_not_run_as_its_name_says_is_no_proof(tmp_path: Path) -> None:
    workers, cell = cell_workers(tmp_path), PlannedCell("fp32", "AVX2", None)
    with pytest.raises(ProofError):
        prove(cell, workers.log_of(cell), trace_of(cell, workers), {})


def test_workers_under_the_log_all_start_before_one_is_waited_for(tmp_path: Path) -> None:
    cells = [PlannedCell("int8", isa, None) for isa in ("AVX2", "AVX512_CORE")]
    with cell_workers(tmp_path).logged(cells, [2]) as workers:
        assert len(workers) == StandIn.alive == 2
        assert StandIn.waited == [2, 2]
    assert StandIn.alive == 0


@pytest.mark.parametrize(
    ("precision", "model"),
    [
        ("fp32", "train/model_keras.fp32"),
        ("bf16", "train/model_keras.fp32"),
        ("int8", "quantize-stock/model_pb.int8"),
        ("int8_bf16", "quantize-stock/model_pb.int8"),
    ],
)
def test_bf16_is_the_same_model_run_another_way(tmp_path: Path, precision: str, model: str) -> None:
    job = cell_workers(tmp_path, runtime="stock").job(
        PlannedCell(precision, "AVX512_CORE", None), [2]
    )
    assert job.model == str(tmp_path / model)
    assert (job.backend, job.precision, job.cores) == ("tensorflow", precision, [2])
    assert job.images == str(tmp_path / "train" / "data" / "test.npz")
