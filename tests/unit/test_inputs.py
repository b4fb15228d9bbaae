"""What a program reads is checked before anything is installed or started for it."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.agreement import require_enough
from stages.artifacts import Artifacts, write_record
from stages.errors import (
    ArtifactsBusyError,
    InputCorruptError,
    InputMissingError,
    InputStaleError,
    NotWritableError,
    SettingsError,
    StageError,
)
from stages.files.checksums import CHECKSUMS, sha256, write_checksums
from stages.folder.lock import writing_alone
from stages.folder.usable import prepare
from stages.inputs import require_inputs
from stages.setting.programs import STAGES
from stages.settings import Settings
from tests.commands import invoke
from tests.unit import records
from tests.unit.tasks.test_command_line import NO_ENGINE, assert_refused


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    """Train and quantize have run."""
    made = Artifacts(tmp_path)
    made.train.path.mkdir()
    write_record(made.train.record, records.train())
    write_checksums(made.train.path)
    folder = made.quantize("itex")
    folder.path.mkdir()
    made_from = sha256(made.train.path / CHECKSUMS)
    write_record(folder.record, records.quantize(train_sha256=made_from))
    write_checksums(folder.path)
    return made


def missing(folder: Path, *programs: str, **given: Any) -> str:
    with pytest.raises(InputMissingError) as caught:
        require_inputs(Settings(artifacts=folder, **given), programs)
    return str(caught.value).removeprefix(f"{folder}/")


@pytest.mark.parametrize("program", ["quantize", "profile", "peers", "rehearse", "sweep"])
def test_without_train_it_is_named(program: str, tmp_path: Path) -> None:
    assert missing(tmp_path, program) == "train is missing; run the train stage first"


@pytest.mark.parametrize("program", ["peers", "rehearse"])
def test_beside_the_pipeline_the_models_of_any_runtime_will_do(
    program: str, artifacts: Artifacts
) -> None:
    quantized = artifacts.quantize("itex").path
    require_inputs(Settings(artifacts=artifacts.root), [program])
    quantized.rename(artifacts.quantize("stock").path)
    require_inputs(Settings(artifacts=artifacts.root), [program])
    shutil.rmtree(artifacts.quantize("stock").path)
    assert missing(artifacts.root, program) == "quantize is missing; run the quantize stage first"


def test_so_are_the_others(artifacts: Artifacts) -> None:
    words = "quantize-stock is missing; run the quantize stage with runtime stock first"
    assert missing(artifacts.root, "profile", runtime="stock") == words
    assert missing(artifacts.root, "sweep", runtime="stock") == words
    assert missing(artifacts.root, "compare") == "profile is missing; run the profile stage first"
    assert "no backbone was downloaded" in missing(artifacts.root, "train", backbone="downloaded")


@pytest.mark.parametrize("program", ["quantize", "profile", "peers"])
def test_what_a_killed_command_took_away_is_left_to_the_program_to_give_back(
    program: str, artifacts: Artifacts
) -> None:
    artifacts.train.path.rename(artifacts.root / ".train.abcd1234.old")
    require_inputs(Settings(artifacts=artifacts.root), [program])


def test_what_is_made_on_the_way_need_not_be_there(tmp_path: Path) -> None:
    require_inputs(Settings(artifacts=tmp_path), STAGES)
    require_inputs(Settings(artifacts=tmp_path / "new"), ["doctor", "download", "train"])


def test_inputs_that_are_whole_and_current_pass(artifacts: Artifacts) -> None:
    require_inputs(Settings(artifacts=artifacts.root), ["quantize", "profile", "peers", "sweep"])


IMAGES = {"calibration": 32, "validation": 7, "test": 31}


@pytest.mark.parametrize(
    ("program", "given", "message"),
    [
        ("quantize", {}, "batch_size 8 exceeds the 7 validation images; give less"),
        ("quantize", {"calibration_samples": 33}, "calibration_samples 33 exceeds the 32 images"),
        ("profile", {"batch_size": 32}, "batch_size 32 exceeds the 31 test images"),
        ("peers", {"batch_sizes": (1, 32)}, "batch_sizes 32 exceeds the 31 test images"),
        ("sweep", {"batch_sizes": (1, 32)}, "batch_sizes 32 exceeds the 31 test images"),
        ("peers", {"calibration_samples": 33}, "run train with VGG19_CALIBRATION_SAMPLES=33"),
        ("rehearse", {"batch_size": 25}, "the 24 images to rehearse with; .*larger rehearse_sam"),
        ("rehearse", {"batch_size": 32, "rehearse_samples": 0}, "the 31 images to .*; give less$"),
    ],
)
def test_more_images_than_train_left_are_refused_as_the_program_would(
    program: str, given: dict[str, Any], message: str, artifacts: Artifacts
) -> None:
    write_record(artifacts.train.record, replace(records.train(), samples=IMAGES))
    write_checksums(artifacts.train.path)
    quantized = artifacts.quantize("itex")
    made_from = sha256(artifacts.train.path / CHECKSUMS)
    write_record(quantized.record, records.quantize(train_sha256=made_from))
    write_checksums(quantized.path)
    settings = Settings(artifacts=artifacts.root, **given)
    with pytest.raises(SettingsError, match=message):
        require_inputs(settings, [program])
    require_inputs(settings, ["train", program])  # which leaves others


@pytest.mark.parametrize("program", ["peers", "sweep"])
def test_default_batch_sizes_are_left_to_the_program_to_cut(program: str) -> None:
    require_enough(Settings(), [program], {"test": 1})


def refused(kind: type[StageError], artifacts: Artifacts, program: str) -> None:
    with pytest.raises(kind):
        require_inputs(Settings(artifacts=artifacts.root), [program])


def test_damage_and_stale_inputs_are_found_too(artifacts: Artifacts) -> None:
    (artifacts.train.path / "more").touch()
    write_checksums(artifacts.train.path)
    for program in ("profile", "sweep", "peers", "rehearse"):
        refused(InputStaleError, artifacts, program)
    artifacts.train.record.write_text("{}")
    refused(InputCorruptError, artifacts, "quantize")


def test_what_another_command_is_making_is_waited_for_and_not_made_again(
    artifacts: Artifacts,
) -> None:
    (artifacts.train.path / "more").touch()
    write_checksums(artifacts.train.path)
    with writing_alone(prepare(artifacts.root), "quantize"):
        for program in ("profile", "compare"):
            refused(ArtifactsBusyError, artifacts, program)
    refused(InputStaleError, artifacts, "profile")
    refused(InputMissingError, artifacts, "compare")


@pytest.mark.parametrize("program", ["peers", "rehearse"])
def test_models_of_one_runtime_that_can_be_used_are_enough(
    program: str, artifacts: Artifacts
) -> None:
    shutil.copytree(artifacts.quantize("itex").path, artifacts.quantize("stock").path)
    artifacts.quantize("itex").record.write_text("{}")
    require_inputs(Settings(artifacts=artifacts.root), [program])
    shutil.rmtree(artifacts.quantize("stock").path)
    refused(InputCorruptError, artifacts, program)


def test_a_file_can_not_be_the_folder(artifacts: Artifacts) -> None:
    with pytest.raises(NotWritableError, match="is no folder"):
        require_inputs(Settings(artifacts=artifacts.train.record), ["profile"])


@pytest.mark.parametrize("runner", ["docker", "local"])
def test_nothing_is_installed_or_asked_of_an_engine_before(runner: str, tmp_path: Path) -> None:
    given = ("--runner", runner, "--artifacts", str(tmp_path))
    done = invoke("profile", *given, variables={**NO_ENGINE, "PATH": "/nonexistent"})
    assert_refused(done, InputMissingError.exit_code, "train is missing; run the train stage first")
