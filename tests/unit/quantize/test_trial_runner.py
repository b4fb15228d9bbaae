import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.common.progress import Progress
from stages.errors import ModelError, WorkerError
from stages.quantize.bound import Bound
from stages.quantize.evaluator import Answers, Contender
from stages.quantize.trial_runner import TrialRunner
from tests.unit.quantize.parts import RECIPE, attempt, layer
from tests.unit.quantize.stand_ins import INT8_LAYERS, StandInCompressor, StandInEvaluator, answers


class Room:
    """A laboratory, what it works with, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.evaluator, self.compressor, self._stream = (
            StandInEvaluator(),
            StandInCompressor(),
            io.StringIO(),
        )
        self.log = folder / "log"
        self.laboratory = TrialRunner(
            self.compressor,
            self.evaluator,
            answers(1.0),
            Bound(1.0, 0.01),
            folder,
            self.log,
            Progress("quantize", stream=self._stream),
        )

    @property
    def told(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_an_attempt_is_made_proved_and_measured(room: Room) -> None:
    room.evaluator.accuracies["trial-1"], room.evaluator.speeds["trial-1"] = 0.995, 20.0
    done = room.laboratory.attempt(RECIPE)
    assert (done.accuracy_top1, done.throughput_images_per_s) == (0.995, 20.0)
    assert (done.layers, done.findings, done.failure) == (INT8_LAYERS, [], "")
    assert done.model is not None
    assert (done.model / "saved_model.pb").read_text() == repr(RECIPE)
    assert done.seconds > 0
    assert "20.00 images/s, loss +0.50% (within the bound), findings: none" in room.told


def test_findings_are_told_by_kind(room: Room) -> None:
    slow = [layer(op, "pooling", implementation="ref:any") for op in ("pool", "pool2")]
    room.evaluator.int8_layers = [*INT8_LAYERS, *slow, layer("conv2", "reorder", ("f32", "u8"))]
    room.evaluator.accuracies["trial-1"] = 0.5
    done = room.laboratory.attempt(RECIPE)
    assert len(done.findings) == 3
    assert "loss +50.00% (beyond the bound), findings: 2 reference_kernel, 1 reorder" in room.told


def test_every_attempt_keeps_its_own_model(room: Room) -> None:
    models = [room.laboratory.attempt(RECIPE).model for _ in range(2)]
    assert models[0] != models[1]


@pytest.mark.parametrize("error", [WorkerError, ModelError])
def test_a_model_that_does_not_run_is_a_failed_attempt(room: Room, error: type[Exception]) -> None:
    room.evaluator.failures["trial-1"] = error("it died " + 1000 * "x")
    done = room.laboratory.attempt(RECIPE)
    assert done.failure.startswith("it died")
    assert len(done.failure) == 200
    assert (done.model, done.throughput_images_per_s) == (None, 0.0)
    assert "minmax, per channel: it died" in room.told
    assert room.laboratory.attempt(RECIPE).failure == ""


def test_a_model_that_can_not_be_made_is_a_failed_attempt(room: Room) -> None:
    room.compressor.failures[RECIPE] = ModelError("no such op")
    assert room.laboratory.attempt(RECIPE).failure == "no such op"
    assert room.evaluator.examined == []


def test_an_error_of_our_own_is_none_of_a_recipe(room: Room) -> None:
    room.compressor.failures[RECIPE] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        room.laboratory.attempt(RECIPE)


def test_what_the_compressor_prints_goes_to_the_log(
    room: Room, capfd: pytest.CaptureFixture[str]
) -> None:
    room.laboratory.attempt(RECIPE)
    assert room.log.read_text() == "chatter\n"
    assert capfd.readouterr() == ("", "")


def test_ops_whose_scale_could_not_be_shared_are_told(room: Room) -> None:
    room.compressor.refused = ["pool", "pool2"]
    room.laboratory.attempt(replace(RECIPE, shared=("pool", "pool2")))
    assert "no scale to share at pool, pool2" in room.told


class Sensitive(StandInEvaluator):
    """Scores models by the order in which they come."""

    def __init__(self, *scores: Answers) -> None:
        super().__init__()
        self._scores = list(scores)

    def answers(self, contender: Contender) -> Answers:
        return self._scores.pop(0)


def test_sensitivity_returns_each_op_to_fp32_alone_and_sorts_by_what_that_gives(
    tmp_path: Path,
) -> None:
    room = Room(tmp_path)
    evaluator = Sensitive(answers(0.90, 0.5), answers(0.95, 0.5), answers(0.95, 0.8))
    laboratory = TrialRunner(
        room.compressor,
        evaluator,
        answers(1.0),
        Bound(1.0, 0.01),
        tmp_path,
        room.log,
        Progress("quantize", stream=io.StringIO()),
    )
    base = attempt(replace(RECIPE, left_out=("pool",)), layers=INT8_LAYERS)
    found = laboratory.sensitivity(base)
    assert [each.op for each in found] == ["head", "conv2", "conv1"]
    assert [each.left_out for each in room.compressor.made] == [
        ("conv1", "pool"),
        ("conv2", "pool"),
        ("head", "pool"),
    ]
    expected = 0.9 * np.log(0.9 / 0.8) + 0.1 * np.log(0.1 / 0.2)
    assert found[0].divergence == pytest.approx(expected)


def test_an_op_whose_return_to_fp32_fails_is_told_and_left_out(room: Room) -> None:
    room.compressor.failures[replace(RECIPE, left_out=("conv2",))] = ModelError("it gave up")
    found = room.laboratory.sensitivity(attempt(layers=INT8_LAYERS))
    assert sorted(each.op for each in found) == ["conv1", "head"]
    assert "conv2 in FP32 (2 of 3): it gave up" in room.told
