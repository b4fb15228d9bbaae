"""What train makes of its settings, and of what it left before, without TensorFlow."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from stages.artifacts import Artifacts, verify, write_record
from stages.common.provenance import maker
from stages.errors import InputMissingError, SettingsError
from stages.files.given_module import HDF5
from stages.folder.cache import Cache, note_backbone
from stages.records.accuracy import Chance
from stages.records.base import Source
from stages.records.train import TrainRecord
from stages.settings import Settings
from stages.stage_folders import TrainFolder
from stages.train.__main__ import _pictures_sha256, _with_backbone, main
from stages.train.given_files import model_sha256
from tests.unit import records
from tests.unit.pictures.folders import folder_with, names


def test_the_backbone_is_the_one_that_download_was_asked_for(tmp_path: Path) -> None:
    cache, asked = Cache(tmp_path), Settings(backbone="downloaded")
    with pytest.raises(InputMissingError, match="run download first"):
        _with_backbone(asked, cache)
    note_backbone(cache, "https://me:secret@h/m")
    found = _with_backbone(asked, cache)
    assert maker(found, "train").settings["backbone"] == found.backbone == "https://***@h/m"


def test_a_backbone_that_is_given_is_taken_whatever_was_downloaded(tmp_path: Path) -> None:
    note_backbone(Cache(tmp_path), "https://h/m")
    assert _with_backbone(Settings(), Cache(tmp_path)).backbone == "embedded"


class Stage:
    """A stand-in for the steps that need TensorFlow, which counts how often they ran."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.artifacts, self.runs, self.weights, self._patch = Artifacts(root), 0, "w", patch
        self.chance: dict[str, Chance] = {}
        steps: Any = ModuleType("stages.train.run")
        steps.STEPS, steps.train, steps.take = (), self._train, self._train
        for name in ("run", "take"):
            patch.setitem(sys.modules, f"stages.train.{name}", steps)
        patch.setattr("stages.train.__main__._prepare_environment", lambda cache: None)
        patch.setenv("VGG19_ARTIFACTS", str(root))

    def run(self, *arguments: str) -> None:
        self._patch.setattr("sys.argv", ["train", *arguments])
        main()

    def _train(self, settings: Settings, folder: Path, cache: Path, _: Any) -> TrainRecord:
        self.runs += 1
        name = settings.model or settings.backbone
        digest = model_sha256(Path(name), name) if "/" in name else records.SHA256
        record = replace(
            records.train(),
            maker=maker(settings, "train"),
            backbone=Source(name=name, sha256=digest, origin="", whole=bool(settings.model)),
            accuracy_top1={"validation": 1.0, "test": 1.0},
            samples={"train": 1},
            seconds={"head": float(self.runs)},
            chance=self.chance,
            data_files_sha256=_pictures_sha256(settings),
        )
        paths = TrainFolder(folder)
        paths.model.mkdir()
        (paths.model / "saved_model.pb").write_text(self.weights)
        write_record(paths.record, record)
        return record


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage(tmp_path / "artifacts", monkeypatch)
    made.run()
    return made


def test_a_second_run_trains_nothing_and_leaves_every_byte(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    before = verify(stage.artifacts.train.path), stage.artifacts.train.path.stat().st_ino
    capsys.readouterr()
    stage.run("--artifacts", str(stage.artifacts.root))
    assert stage.runs == 1
    assert (verify(stage.artifacts.train.path), stage.artifacts.train.path.stat().st_ino) == before
    line = capsys.readouterr().out
    assert line.startswith("train: current, made 20")
    assert line.count("\n") == 1


def test_forced_it_leaves_every_byte_if_it_comes_out_as_before(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    before = verify(stage.artifacts.train.path), stage.artifacts.train.path.stat().st_ino
    stage.run("--force", "train")
    assert stage.runs == 2
    assert (verify(stage.artifacts.train.path), stage.artifacts.train.path.stat().st_ino) == before
    shown = capsys.readouterr().out
    assert "train: runs again: it is forced\ntrain: came out as before" in shown
    stage.weights = "others"
    stage.run("--force", "train")
    assert verify(stage.artifacts.train.path) != before[0]


def test_another_setting_trains_again(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.run("--epochs", "20")
    assert stage.runs == 2
    assert "train: runs again: epochs is 20, was 300\n" in capsys.readouterr().out


def test_a_backbone_of_ones_own_counts_by_its_files(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "saved_model.pb").write_text("one")
    for _ in range(2):
        stage.run("--backbone", str(own))
    assert stage.runs == 2
    (own / "saved_model.pb").write_text("another")
    stage.run("--backbone", str(own))
    assert stage.runs == 3
    assert "train: runs again: the files of the backbone changed\n" in capsys.readouterr().out


def test_a_model_of_ones_own_counts_by_its_bytes_and_is_not_called_trained(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.h5"
    own.write_bytes(HDF5)
    for _ in range(2):
        stage.run("--model", str(own))
    assert stage.runs == 2
    shown = capsys.readouterr().out
    assert "train: runs again: model is given/own.h5, was not given" in shown
    assert "as it was given, with nothing trained, in " in shown
    own.write_bytes(HDF5 + b"other weights")
    stage.run("--model", str(own))
    assert stage.runs == 3
    assert "train: runs again: the files of the model changed\n" in capsys.readouterr().out


def test_a_backbone_or_a_head_beside_a_model_is_refused(stage: Stage) -> None:
    for flag, value in (("--backbone", "embedded"), ("--epochs", "9"), ("--learning-rate", "1")):
        with pytest.raises(SettingsError, match=r"contradicts model, of which nothing is trained"):
            stage.run("--model", "mine.h5", flag, value)
    with pytest.raises(SettingsError, match="preprocessing unit is for a model that is given"):
        stage.run("--preprocessing", "unit")


def test_pictures_of_ones_own_count_by_their_contents(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = folder_with(tmp_path / "own", [*names("roses", 30), *names("tulips", 30)])
    for _ in range(2):
        stage.run("--data", str(own))
    assert stage.runs == 2
    (own / "roses" / "3.jpg").touch()
    stage.run("--data", str(own))
    assert stage.runs == 2
    (own / "roses" / "3.jpg").write_text("another")
    stage.run("--data", str(own))
    assert stage.runs == 3
    assert "train: runs again: the files of the pictures changed\n" in capsys.readouterr().out


def test_at_chance_it_warns_also_if_there_is_nothing_to_do(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    stage.chance = {"test": Chance(images=9, right=3, largest_class=3, p_value=0.6)}
    warning = (
        "train: AT CHANCE on test: FP32 gets 3 of 9 right, the largest class alone gives 3 "
        "(p = 0.6): no accuracy can be compared\n"
    )
    stage.run("--epochs", "1")
    assert capsys.readouterr().err == warning
    stage.run("--epochs", "1")
    assert capsys.readouterr().err == warning
    assert stage.runs == 2


def test_what_leaves_nothing_to_train_on_is_refused_before_anything_is_drawn(stage: Stage) -> None:
    before = verify(stage.artifacts.train.path)
    with pytest.raises(SettingsError, match="30 training images are too few to set 28 aside"):
        stage.run("--train-samples", "30", "--calibration-samples", "28", "--force", "train")
    assert (stage.runs, verify(stage.artifacts.train.path)) == (1, before)
