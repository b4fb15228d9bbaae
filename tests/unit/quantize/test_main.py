import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.artifacts import Artifacts, verify, write_record
from stages.common.host import memory
from stages.common.provenance import maker
from stages.errors import exit_code_of
from stages.folder.handover import handing_over
from stages.folder.usable import LOCK, MARKER
from stages.quantize import __main__ as program
from stages.quantize.bound import Bound
from stages.quantize.kept_trials import KeptTrials
from stages.quantize.report import trial_records
from stages.quantize.search import Attempt
from stages.records.base import Host
from stages.records.quantize import QuantizeRecord, Recipe, Sensitivity, Trial
from stages.settings import Settings
from stages.stage_folders import TrainFolder, TrialFolder
from tests.unit.quantize.parts import ORIGIN, RECIPE
from tests.unit.records import HOST, quantize, train, variant


@pytest.fixture
def artifacts(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setattr("sys.argv", ["quantize", "--artifacts", str(tmp_path)])
    monkeypatch.setenv("VGG19_LOCKS", str(tmp_path_factory.mktemp("locks")))
    monkeypatch.setattr(program, "verify", lambda folder: "sha")
    monkeypatch.setattr(program, "read_record", lambda *_: train())
    monkeypatch.setattr(memory, "available", lambda *_: None)
    return tmp_path


def fail(*_: Any) -> None:
    pytest.fail("the stage went on")


def test_a_cpu_without_avx2_is_refused_before_any_work(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "cpu_flags", lambda: frozenset({"sse4_2", "avx"}))
    monkeypatch.setattr(program, "quantize", fail)
    assert exit_code_of("quantize", program.main) == 17
    message = capsys.readouterr().err
    assert "INT8 needs at least AVX2 (no avx2 flag); use another CPU" in message
    assert not (artifacts / "quantize").exists()


def test_nothing_is_timed_on_a_cpu_that_can_not_have_its_flags(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    emulated = replace(HOST, cpu_model="AMD EPYC", cpu_flags=["amx_tile", "avx2"])
    monkeypatch.setattr(program, "describe_host", lambda cores: emulated)
    monkeypatch.setattr(program, "quantize", fail)
    assert exit_code_of("quantize", program.main) == 17
    assert "AMD EPYC has no AMX" in capsys.readouterr().err


def test_what_does_not_fit_into_memory_is_refused_before_the_search(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "available", lambda *_: 2 * memory.GIB)
    monkeypatch.setattr(program, "quantize", fail)
    assert exit_code_of("quantize", program.main) == 17
    assert "processes need about" in capsys.readouterr().err
    assert not (artifacts / "quantize").exists()


def test_avx2_is_enough(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class ReachedError(Exception):
        pass

    def reached(*_: Any) -> None:
        raise ReachedError

    monkeypatch.setattr(program, "cpu_flags", lambda: frozenset({"avx2"}))
    monkeypatch.setattr(program, "quantize", reached)
    with pytest.raises(ReachedError):
        program.main()
    assert {path.name for path in artifacts.iterdir()} == {MARKER, LOCK}


class Stage:
    """What train left, and a stand-in for the search, which counts how often it ran."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.artifacts, self.runs, self._patch = Artifacts(root), 0, patch
        self.trials: list[Trial] = []
        patch.setenv("VGG19_ARTIFACTS", str(root))
        patch.setenv("VGG19_RUNTIME", "itex")  # an image names its own
        patch.setattr(program, "quantize", self._quantize)
        self.train()

    def train(self, seconds: float = 1.0) -> None:
        with handing_over(self.artifacts.train.path) as partial:
            record = replace(train(), seconds={"head": seconds})
            write_record(TrainFolder(partial).record, record)

    def on(self, **host: Any) -> None:
        self._patch.setattr(program, "describe_host", lambda cores: replace(HOST, **host))

    def run(self, *arguments: str) -> None:
        self._patch.setattr("sys.argv", ["quantize", *arguments])
        program.main()

    def _quantize(
        self, settings: Settings, _: Any, out: Any, train_sha256: str, host: Host, trials: Any
    ) -> QuantizeRecord:
        self.runs += 1
        made = quantize(variant("fp32"), variant("int8"), train_sha256=train_sha256)
        by = maker(settings, "quantize")
        return replace(made, maker=by, host=host, runtime=settings.runtime, trials=self.trials)


@pytest.fixture
def stage(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Stage:
    monkeypatch.setenv("VGG19_LOCKS", str(tmp_path_factory.mktemp("locks")))
    monkeypatch.setattr(program, "cpu_flags", lambda: frozenset({"avx2"}))
    monkeypatch.setattr(memory, "available", lambda *_: None)
    made = Stage(tmp_path, monkeypatch)
    made.on()
    made.run()
    return made


@pytest.mark.parametrize(("may_pass", "again"), [(True, True), (False, False)])
def test_a_recipe_that_failed_for_what_is_not_its_own_is_tried_the_next_time(
    stage: Stage, capsys: pytest.CaptureFixture[str], may_pass: bool, again: bool
) -> None:
    failed = Attempt(recipe=RECIPE, failure="was ended by SIGKILL", may_pass=may_pass)
    stage.trials = trial_records([failed], {}, failed, Bound(1.0, 0.01))
    stage.run("--force", "quantize")
    stage.run()
    assert stage.runs == (3 if again else 2)
    shown = capsys.readouterr().out
    assert ("quantize: runs again: trial 1 failed for what may have passed\n" in shown) == again


def test_a_second_run_searches_for_nothing(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    before = verify(stage.artifacts.quantize("itex").path)
    capsys.readouterr()
    stage.run()
    assert stage.runs == 1
    assert verify(stage.artifacts.quantize("itex").path) == before
    line = capsys.readouterr().out
    assert re.fullmatch(r"quantize: current, made 20.* UTC; nothing to do \(--force .*\)\n", line)


def test_each_runtime_has_a_model_of_its_own(stage: Stage) -> None:
    stage.run("--runtime", "stock")
    stage.run("--runtime", "stock")
    stage.run()
    assert stage.runs == 2


def test_what_only_profile_reads_changes_no_model(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VGG19_ROUND_QUERIES", "20")
    stage.run()
    assert stage.runs == 1


@pytest.mark.parametrize(
    ("arguments", "host", "words"),
    [
        (["--max-trials", "3"], {}, "max_trials is 3, was 12"),
        (["--rounds", "20"], {}, "rounds is 20, was 0"),
        (["--force", "quantize"], {}, "it is forced"),
        ([], {"microcode": "0x2"}, "microcode is 0x2, was 0x1"),
        ([], {"machine_type": "m7i.xlarge"}, "machine type is m7i.xlarge, was unknown"),
    ],
)
def test_what_has_changed_makes_it_search_again_which_is_said(
    stage: Stage,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    host: dict[str, Any],
    words: str,
) -> None:
    stage.on(**host)
    stage.run(*arguments)
    assert stage.runs == 2
    assert f"quantize: runs again: {words}\n" in capsys.readouterr().out


def test_another_trained_model_is_quantized(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.train(seconds=2.0)
    stage.run()
    assert stage.runs == 2
    assert "quantize: runs again: what train left changed\n" in capsys.readouterr().out


def leave_trial(stage: Stage, recipe: Recipe = RECIPE) -> None:
    """Leave a trial as a killed run does."""
    origin = replace(ORIGIN, settings=Settings(artifacts=stage.artifacts.root))
    kept = KeptTrials(stage.artifacts, origin)
    with handing_over(kept.new_place("op").path) as partial:
        gain = Sensitivity(op="conv1", accuracy_top1=1.0, divergence=0.0)
        kept.write(TrialFolder(partial), recipe, gain)


def test_once_it_has_handed_over_there_are_no_trials(stage: Stage) -> None:
    leave_trial(stage)
    stage.run("--force", "quantize")
    assert stage.runs == 2
    assert not stage.artifacts.trials_of("itex").exists()


def test_a_kill_after_the_hand_over_leaves_trials_that_the_next_run_removes(stage: Stage) -> None:
    leave_trial(stage)
    stage.run()
    assert stage.runs == 1
    assert not stage.artifacts.trials_of("itex").exists()


def test_a_failure_leaves_the_trials(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any) -> None:
        leave_trial(stage)
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "quantize", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stage.run("--max-trials", "3")
    assert [path.name for path in stage.artifacts.trials_of("itex").iterdir()] == ["op-1"]
