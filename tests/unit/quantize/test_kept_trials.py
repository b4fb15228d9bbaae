"""A search that is killed goes on from its trials, and gives what an undisturbed one gives."""

import errno
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.errors import AccuracyBoundError, DiskFullError, ModelError, NotWritableError
from stages.files import trees
from stages.files.checksums import write_checksums
from stages.quantize.evaluator import Contender, Times
from stages.quantize.kept_trials import KeptTrials, Origin, discard, kept_trials
from stages.records.base import UNKNOWN
from stages.records.quantize import QuantizeRecord, Recipe
from stages.settings import Settings
from tests.unit.quantize.parts import ORIGIN, RECIPE, layer
from tests.unit.quantize.staged import Stage
from tests.unit.quantize.stand_ins import INT8_LAYERS, StandInCompressor, StandInEvaluator
from tests.unit.records import HOST

# Three recipes come of it: the first, the pooling with a shared scale, and in FP32.
SLOW = [*INT8_LAYERS, layer("pool", "pooling", implementation="ref:any")]
SPEEDS = {"trial-1": 5.0, "trial-2": 7.0, "trial-3": 6.0}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingCompressor(StandInCompressor):
    """Is killed as it has written the model of that number."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write_model(self, recipe: Recipe, destination: Path) -> list[str]:
        refused = super().write_model(recipe, destination)
        if len(self.made) == self._number:
            die()
        return refused


class DyingEvaluator(StandInEvaluator):
    """Is killed when it is to time several models against each other."""

    def time(self, contenders: Sequence[Contender], rounds: int) -> Times:
        if len(contenders) > 1:
            die()
        return super().time(contenders, rounds)


@pytest.fixture
def slow(stage: Stage) -> Stage:
    stage.evaluator.int8_layers, stage.evaluator.speeds = SLOW, SPEEDS
    stage.evaluator.duels = SPEEDS
    return stage


def killed(
    stage: Stage, number: int = 0, evaluator: StandInEvaluator | None = None, **settings: Any
) -> None:
    """Run the stage in a process that is killed on the way."""
    child = os.fork()
    if not child:
        stage.compressor = DyingCompressor(number)
        if evaluator:
            vars(evaluator).update(vars(stage.evaluator))
            stage.evaluator = evaluator
        try:
            stage.run(**settings)
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def timeless(record: QuantizeRecord) -> QuantizeRecord:
    """Return what does not depend on when it was made, nor on how often it was begun."""
    tried = [replace(trial, seconds=0.0) for trial in record.trials]
    maker = replace(record.maker, made="")
    return replace(record, maker=maker, trials=tried, seconds=0.0, resumed_trials=0)


def left(stage: Stage, name: str = "trial-1") -> Path:
    return stage.artifacts.trials_of("itex") / name


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_killed_search_goes_on_and_ends_as_an_undisturbed_one(
    slow: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    killed(slow, number)
    capsys.readouterr()
    record = slow.run()
    said = capsys.readouterr().out
    assert (
        f"quantize: goes on after trial {number - 1} of at most 12, made 20" in said or number == 1
    )
    assert record.resumed_trials == said.count("; made before\n") == number - 1
    made, model = list(slow.compressor.made), (slow.out.model / "saved_model.pb").read_text()
    proofs = {path.name: path.read_text() for path in slow.out.proof.iterdir()}

    slow.set_up(tmp_path / "undisturbed")
    undisturbed = slow.run()
    assert timeless(record) == timeless(undisturbed)
    assert slow.compressor.made[number - 1 :] == made
    assert (slow.out.model / "saved_model.pb").read_text() == model
    assert {path.name: path.read_text() for path in slow.out.proof.iterdir()} == proofs


def test_after_the_last_trial_none_is_made_again(slow: Stage) -> None:
    killed(slow, evaluator=DyingEvaluator())
    record = slow.run()
    assert slow.compressor.made == []
    assert slow.evaluator.examined == ["fp32", "bf16"]
    assert [trial.verdict for trial in record.trials] == ["slower", "chosen", "slower"]


def test_what_ops_cost_is_not_measured_again(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.evaluator.accuracies = {f"trial-{number}": 0.5 for number in range(1, 20)}
    with pytest.raises(AccuracyBoundError) as undisturbed:
        stage.run(max_trials=2)
    made = list(stage.compressor.made)
    assert len(made) == 2 + 3
    discard(stage.artifacts, "itex")
    stage.compressor.made.clear()
    killed(stage, 4, max_trials=2)
    capsys.readouterr()
    with pytest.raises(AccuracyBoundError) as resumed:
        stage.run(max_trials=2)
    assert (
        "quantize: goes on after trial 2 of at most 2 and 1 op in FP32, made"
        in capsys.readouterr().out
    )
    assert stage.compressor.made == made[3:]
    assert str(resumed.value) == str(undisturbed.value)


def test_a_recipe_that_failed_is_tried_again(slow: Stage) -> None:
    slow.compressor.failures[RECIPE] = ModelError("it gave up")
    with pytest.raises(AccuracyBoundError, match="none of 1 recipes gave a model that runs"):
        slow.run(max_trials=1)
    slow.compressor.failures.clear()
    record = slow.run(max_trials=1)
    assert (record.resumed_trials, record.trials[0].verdict) == (0, "chosen")


def change(name: str) -> Callable[[Stage], object]:
    return lambda stage: (left(stage) / name).write_text("{}")


def forge(stage: Stage) -> None:
    """Put no number in the place of one, and make the list of checksums fit."""
    record = left(stage) / "trial.json"
    record.write_text(record.read_text().replace('"seconds": ', '"seconds": NaN, "s": ', 1))
    write_checksums(left(stage))


EDITS: dict[str, Callable[[Stage], object]] = {
    "trial-1/trial.json is missing or differs from SHA256SUMS": change("trial.json"),
    "trial-1/trial.log is missing or differs from SHA256SUMS": change("trial.log"),
    "saved_model.pb is missing or differs": change("model_pb.int8/saved_model.pb"),
    "trial-2/trial.json is missing": lambda stage: left(stage, "trial-2/trial.json").unlink(),
    "SHA256SUMS is missing": lambda stage: left(stage, "trial-2/SHA256SUMS").unlink(),
    "NaN is no number": forge,
}


@pytest.mark.parametrize("words", EDITS)
def test_with_a_trial_that_was_damaged_it_begins_again_and_says_why(
    slow: Stage, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    killed(slow, 3)
    EDITS[words](slow)
    record = slow.run()
    said = capsys.readouterr().out
    assert "quantize: begins again, without the trials of a run that was ended: " in said
    assert words in said
    assert "goes on" not in said
    assert (len(slow.compressor.made), record.resumed_trials) == (3, 0)


OTHERS: dict[str, Origin] = {
    "the machine was started again since": replace(ORIGIN, host=replace(HOST, boot_id="e1f4")),
    "the machine does not show when it was started": replace(
        ORIGIN, host=replace(HOST, boot_id=UNKNOWN)
    ),
    "what train left changed": replace(ORIGIN, train_sha256="1" * 64),
    "microcode is 0x2, was 0x1": replace(ORIGIN, host=replace(HOST, microcode="0x2")),
    "cores is 1, was 0,1": replace(ORIGIN, host=replace(HOST, cores_pinned=[1])),
    "max_trials is 3, was 12": replace(ORIGIN, settings=Settings(max_trials=3)),
    "it is forced": replace(ORIGIN, settings=Settings(force=("quantize",))),
}


@pytest.mark.parametrize("why", OTHERS)
def test_trials_of_another_origin_are_removed_and_a_line_says_why(
    slow: Stage, capsys: pytest.CaptureFixture[str], why: str
) -> None:
    killed(slow, 3)
    settings = replace(OTHERS[why].settings, batch_size=2, calibration_samples=4)
    kept = KeptTrials(slow.artifacts, replace(OTHERS[why], settings=settings))
    kept.take_up()
    lead = "quantize: begins again, without the trials of a run that was ended: "
    assert capsys.readouterr().out.endswith(f"{lead}{why}\n")
    assert kept.trial(RECIPE) is None
    assert not slow.artifacts.trials_of("itex").exists()


def test_other_sources_and_packages_are_another_origin(
    slow: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed(slow, 3)
    monkeypatch.setattr("stages.common.provenance.source_sha256", lambda program: "1" * 64)
    monkeypatch.setattr("stages.common.provenance.versions", lambda names: {"tensorflow": "3"})
    slow.run()
    assert "tensorflow is 3, was not there" in (said := capsys.readouterr().out)
    assert "its source changed" in said


def test_each_runtime_goes_on_from_its_own(slow: Stage) -> None:
    killed(slow, 3)
    assert slow.run(runtime="stock").resumed_trials == 0
    slow.set_up(slow.artifacts.root)
    assert slow.run().resumed_trials == 2


def test_a_users_file_among_the_trials_is_refused_and_nothing_is_removed(slow: Stage) -> None:
    killed(slow, 3)
    (left(slow) / "notes.txt").write_text("mine")
    with pytest.raises(NotWritableError, match=r"notes\.txt is there, which no stage made"):
        slow.run()
    assert (left(slow) / "notes.txt").is_file()
    assert left(slow, "trial-2").is_dir()


def test_they_come_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    for name in ("op-1", "trial-10", "trial-2", "thesis"):
        (tmp_path / name).mkdir()
    assert [trial.name for trial in kept_trials(tmp_path)] == ["trial-2", "trial-10", "op-1"]


def test_on_a_full_disk_no_trial_is_kept_by_half(
    slow: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(folder))

    monkeypatch.setattr(trees, "settle", full)
    with pytest.raises(DiskFullError, match="no space left"):
        slow.run()
    assert list(left(slow).parent.iterdir()) == []
