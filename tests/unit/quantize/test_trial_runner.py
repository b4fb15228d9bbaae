import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages.artifacts import Artifacts
from stages.common.progress import Progress
from stages.errors import DiskFullError, HostError, ModelError, WorkerError
from stages.program import disk_space
from stages.quantize.bound import Bound
from stages.quantize.evaluator import Answers, Contender
from stages.quantize.kept_trials import KeptTrials
from stages.quantize.trial_runner import TrialRunner
from tests.unit.quantize.parts import ORIGIN, RECIPE, attempt, layer
from tests.unit.quantize.stand_ins import INT8_LAYERS, StandInCompressor, StandInEvaluator, answers


class Bench:
    """A trial runner, what it works with, and the progress that it has shown."""

    def __init__(
        self,
        folder: Path,
        evaluator: StandInEvaluator | None = None,
        bound: Bound = Bound(1.0, 0.01),  # noqa: B008
    ) -> None:
        self.evaluator = evaluator or StandInEvaluator()
        self.compressor, self._stream = StandInCompressor(), io.StringIO()
        self.log = folder / "log"
        self.runner = TrialRunner(
            self.compressor,
            self.evaluator,
            answers(1.0),
            bound,
            folder,
            self.log,
            Progress("quantize", stream=self._stream),
            KeptTrials(Artifacts(folder), ORIGIN),
        )
        self.evaluator.keep_logs_in(folder)

    @property
    def shown(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_an_attempt_is_made_proved_and_measured(bench: Bench) -> None:
    bench.evaluator.accuracies["trial-1"], bench.evaluator.speeds["trial-1"] = 0.995, 20.0
    outcome = bench.runner.attempt(RECIPE)
    assert (outcome.accuracy_top1, outcome.throughput_images_per_s) == (0.995, 20.0)
    assert (outcome.layers, outcome.findings, outcome.failure) == (INT8_LAYERS, [], "")
    assert outcome.model is not None
    assert (outcome.model / "saved_model.pb").read_text() == repr(RECIPE)
    assert outcome.seconds > 0
    words = "20.00 images/s, loss +0.50%, agreement 100.0% (within the bound), findings: none"
    assert words in bench.shown


def test_findings_are_told_by_kind(bench: Bench) -> None:
    slow = [layer(op, "pooling", implementation="ref:any") for op in ("pool", "pool2")]
    bench.evaluator.int8_layers = [*INT8_LAYERS, *slow, layer("conv2", "reorder", ("f32", "u8"))]
    bench.evaluator.accuracies["trial-1"] = 0.5
    outcome = bench.runner.attempt(RECIPE)
    assert len(outcome.findings) == 3
    words = "beyond the bound of loss), findings: 2 reference_kernel, 1 reorder"
    assert f"loss +50.00%, agreement 100.0% ({words}" in bench.shown


def test_every_attempt_keeps_its_own_model(bench: Bench) -> None:
    models = [bench.runner.attempt(RECIPE).model for _ in range(2)]
    assert models[0] != models[1]


@pytest.mark.parametrize("error", [WorkerError, ModelError])
def test_a_model_that_does_not_run_is_a_failed_attempt(
    bench: Bench, error: type[Exception]
) -> None:
    bench.evaluator.failures["trial-1"] = error("it died " + 1000 * "x")
    outcome = bench.runner.attempt(RECIPE)
    assert outcome.failure.startswith("it died")
    assert len(outcome.failure) == 200
    assert (outcome.model, outcome.throughput_images_per_s) == (None, 0.0)
    assert "minmax, per channel: it died" in bench.shown
    assert bench.runner.attempt(RECIPE).failure == ""


@pytest.mark.parametrize("error", [WorkerError, ModelError])
def test_a_full_disk_is_no_failure_of_a_recipe(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    bench.evaluator.failures["trial-1"] = error("it died")
    monkeypatch.setattr(disk_space, "full_among", lambda folders: next(iter(folders)))
    with pytest.raises(DiskFullError, match=f"at {bench.log.parent}/"):
        bench.runner.attempt(RECIPE)
    bench.compressor.failures[replace(RECIPE, left_out=("conv2",))] = error("it gave up")
    with pytest.raises(DiskFullError):
        bench.runner.measure_sensitivity(attempt(layers=INT8_LAYERS))


def test_want_of_memory_is_no_failure_of_a_recipe(bench: Bench) -> None:
    gave_up = ModelError("Neural Compressor gave up: MemoryError()")
    gave_up.__cause__ = MemoryError()
    bench.compressor.failures[RECIPE] = gave_up
    with pytest.raises(HostError, match="no memory is left"):
        bench.runner.attempt(RECIPE)
    bench.evaluator.failures["trial-2"] = HostError("running it was killed")
    with pytest.raises(HostError, match="running it was killed"):
        bench.runner.attempt(replace(RECIPE, left_out=("conv2",)))


def test_a_model_that_can_not_be_made_is_a_failed_attempt(bench: Bench) -> None:
    bench.compressor.failures[RECIPE] = ModelError("no such op")
    assert bench.runner.attempt(RECIPE).failure == "no such op"
    assert bench.evaluator.examined == []


def test_an_error_of_our_own_is_none_of_a_recipe(bench: Bench) -> None:
    bench.compressor.failures[RECIPE] = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        bench.runner.attempt(RECIPE)


def test_what_the_compressor_prints_goes_to_the_log(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.runner.attempt(RECIPE)
    assert bench.log.read_text() == "chatter\n"
    assert capfd.readouterr() == ("", "")


def test_ops_whose_scale_could_not_be_shared_are_told(bench: Bench) -> None:
    bench.compressor.refused = ["pool", "pool2"]
    made = bench.runner.attempt(replace(RECIPE, shared=("pool", "pool2", "pool3")))
    assert "the scale can't be shared at pool, pool2" in bench.shown
    # They are in FP32, as if they had been left out.
    assert made.recipe == replace(RECIPE, shared=("pool3",), left_out=("pool", "pool2"))


class Sensitive(StandInEvaluator):
    """Gives the models these answers, in the order in which they come."""

    def __init__(self, *scores: Answers) -> None:
        super().__init__()
        self._scores = list(scores)

    def classify(self, contender: Contender) -> Answers:
        return self._scores.pop(0)


def test_sensitivity_returns_each_op_to_fp32_alone_and_sorts_by_what_that_gives(
    tmp_path: Path,
) -> None:
    evaluator = Sensitive(answers(0.90, 0.5), answers(0.95, 0.5), answers(0.95, 0.8))
    bench = Bench(tmp_path, evaluator)
    base = attempt(replace(RECIPE, left_out=("pool",)), layers=INT8_LAYERS)
    gains = bench.runner.measure_sensitivity(base)
    assert [gain.op for gain in gains] == ["head", "conv2", "conv1"]
    assert [recipe.left_out for recipe in bench.compressor.made] == [
        ("conv1", "pool"),
        ("conv2", "pool"),
        ("head", "pool"),
    ]
    expected = 0.9 * np.log(0.9 / 0.8) + 0.1 * np.log(0.1 / 0.2)
    assert gains[0].divergence == pytest.approx(expected)


def test_if_agreement_is_bounded_the_ops_that_restore_it_come_first(tmp_path: Path) -> None:
    # How many of three answers are of class 1, where all of FP32's are of class 0; and the top-1.
    scores = [
        Answers(np.array([[0.1, 0.9]] * other + [[0.9, 0.1]] * (3 - other)), accuracy)
        for other, accuracy in ((3, 1.0), (0, 1.0), (1, 1.0))
    ]
    bench = Bench(tmp_path, Sensitive(*scores), Bound(1.0, 0.01, tolerable_disagreement=0.1))
    gains = bench.runner.measure_sensitivity(attempt(layers=INT8_LAYERS))
    assert [gain.op for gain in gains] == ["conv2", "head", "conv1"]


def test_other_classes_than_fp32s_are_beyond_the_bound_though_as_many_are_right(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, Sensitive(answers(1.0, 0.1)), Bound(1.0, 0.01, 0.5))
    assert bench.runner.attempt(RECIPE).agreement_fp32 == 0.0
    assert "loss +0.00%, agreement 0.0% (beyond the bound of disagreement)" in bench.shown


def test_an_op_whose_return_to_fp32_fails_is_told_and_left_out(bench: Bench) -> None:
    bench.compressor.failures[replace(RECIPE, left_out=("conv2",))] = ModelError("it gave up")
    gains = bench.runner.measure_sensitivity(attempt(layers=INT8_LAYERS))
    assert sorted(gain.op for gain in gains) == ["conv1", "head"]
    assert "conv2 in FP32 (2 of 3): it gave up" in bench.shown
