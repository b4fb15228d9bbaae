"""How the cells are measured, with a stand-in for the worker."""

from pathlib import Path

import numpy as np
import pytest

from stages.artifacts import Artifacts
from stages.errors import ProofError
from stages.measure.protocol import Latency, Throughput, Turn
from stages.profile.cells import Bench, measure_cells
from stages.profile.plan import PlannedCell
from stages.samples import Samples
from stages.settings import load
from tests.unit.profile.stand_in import StandIn


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr("stages.profile.cells.Worker", StandIn)
    StandIn.asked = []
    artifacts = Artifacts(tmp_path)
    images = np.zeros((3, 224, 224, 3), np.uint8)
    Samples(images, np.array([1, 0, 0])).save(artifacts.train.test)
    return Bench(settings=load({}), artifacts=artifacts, cores=[0], proofs=tmp_path)


def test_a_cell_is_proven_and_then_timed_without_a_log(bench: Bench) -> None:
    (cell,) = measure_cells(bench, [PlannedCell("int8", "AVX2", None)])
    assert StandIn.asked == [
        ("AVX2", True, Turn(8, 0.0)),
        ("AVX2", False, Throughput(8, 5.0)),
        ("AVX2", False, Latency(5.0, 20)),
    ]
    assert cell.proof
    assert (cell.proof.verdict, cell.proof.log) == ("native", "int8_AVX2.log")
    assert cell.measurement
    assert cell.measurement.accuracy_top1 == pytest.approx(2 / 3)
    assert cell.measurement.load_seconds == 2.0


def test_what_is_not_proven_is_not_timed(bench: Bench) -> None:
    with pytest.raises(ProofError):
        measure_cells(bench, [PlannedCell("fp32", "AVX2", None)])
    assert len(StandIn.asked) == 1


def test_impossible_cells_keep_their_place_and_count_as_no_step(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = [PlannedCell("bf16", "AVX2", "no BF16"), PlannedCell("int8", "AVX2", None)]
    left_out, int8 = measure_cells(bench, planned)
    assert (left_out.impossible, left_out.measurement) == ("no BF16", None)
    assert int8.measurement
    assert capsys.readouterr().out == "[profile 1/1] int8 capped at AVX2\n"


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
    settings = load({"VGG19_RUNTIME": "stock"})
    bench = Bench(settings=settings, artifacts=Artifacts(tmp_path), cores=[2], proofs=tmp_path)
    job = bench.job(PlannedCell(precision, "AVX512_CORE", None))
    assert job.model == str(tmp_path / model)
    assert (job.backend, job.precision, job.cores) == ("stock", precision, [2])
    assert job.images == str(tmp_path / "train" / "data" / "test.npz")
