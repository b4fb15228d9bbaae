"""`python -m stages.check`, the first service of compose.yaml."""

import os
from pathlib import Path

import pytest

from stages import check
from stages.errors import NotWritableError, PinningError, SettingsError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"VGG19_ARTIFACTS": str(tmp_path), "STAGES_ARTIFACTS": "./my own"}


def test_what_can_run_passes(environ: dict[str, str]) -> None:
    check.main({**environ, "VGG19_EPOCHS": "5", "VGG19_CORES": "", "STAGES_UID": "7"})


def test_a_misspelt_setting_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="VGG19_BATCHSIZE is no setting"):
        check.main({**environ, "VGG19_BATCHSIZE": "8"})


@pytest.mark.parametrize("name", ["GIVEN_DTA", "GIVEN_MODLE", "GIVN_BACKBONE", "given_data"])
def test_a_misspelt_variable_of_a_path_is_refused(name: str, environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=f"{name} is no variable .did you mean GIVEN_"):
        check.main({**environ, name: "/mine"})
    check.main({**environ, "GIVEN_NAME": "Ann", "GIVEN_DATA": "/mine"})


def test_a_value_that_no_stage_would_take_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="rounds can't be 'none'"):
        check.main({**environ, "VGG19_ROUNDS": "none"})


def test_settings_that_contradict_each_other_are_refused_before_the_first_stage(
    environ: dict[str, str],
) -> None:
    with pytest.raises(SettingsError, match="8 exceeds the 4 test images that train would leave"):
        check.main({**environ, "VGG19_TEST_SAMPLES": "4"})
    with pytest.raises(SettingsError, match="30 training images are too few to set 32 aside"):
        check.main({**environ, "VGG19_TRAIN_SAMPLES": "30"})


def test_two_models_and_one_that_no_container_sees_are_refused(environ: dict[str, str]) -> None:
    check.main({**environ, "GIVEN_MODEL": "/mine.keras", "VGG19_MODEL": ""})
    with pytest.raises(SettingsError, match="VGG19_MODEL and GIVEN_MODEL both name a model"):
        check.main({**environ, "GIVEN_MODEL": "/mine.keras", "VGG19_MODEL": "mine.h5"})
    with pytest.raises(SettingsError, match="VGG19_MODEL is a path that no container sees"):
        check.main({**environ, "VGG19_MODEL": "mine.h5"})


def test_what_makes_a_model_is_refused_beside_one_that_is_given(environ: dict[str, str]) -> None:
    for name, value in (("EPOCHS", "300"), ("BACKBONE", "embedded"), ("LEARNING_RATE", "0.1")):
        with pytest.raises(
            SettingsError, match=f"{name.lower()} contradicts model.* VGG19_{name}, or"
        ):
            check.main({**environ, "GIVEN_MODEL": "/mine.keras", f"VGG19_{name}": value})
    with pytest.raises(SettingsError, match="preprocessing unit is for a model that is given"):
        check.main({**environ, "VGG19_PREPROCESSING": "unit"})
    check.main({**environ, "VGG19_PREPROCESSING": "unit", "GIVEN_MODEL": "/mine.keras"})


def test_two_backbones_are_refused(environ: dict[str, str]) -> None:
    check.main({**environ, "GIVEN_BACKBONE": "/mine", "VGG19_BACKBONE": ""})
    with pytest.raises(SettingsError, match="VGG19_BACKBONE and GIVEN_BACKBONE both name"):
        check.main({**environ, "GIVEN_BACKBONE": "/mine", "VGG19_BACKBONE": "imagenet"})


@pytest.mark.parametrize("backbone", ["/home/ann/mine", "./mine", "file:///home/ann/mine"])
def test_a_path_that_no_container_sees_is_refused(backbone: str, environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="a path that no container sees; name it GIVEN_BACKB"):
        check.main({**environ, "VGG19_BACKBONE": backbone})


@pytest.mark.parametrize("backbone", ["imagenet", "https://hub/m/1", "{}/.cache/hub/mine"])
def test_a_backbone_that_train_can_reach_passes(backbone: str, environ: dict[str, str]) -> None:
    given = backbone.format(environ["VGG19_ARTIFACTS"])
    check.main({**environ, "VGG19_BACKBONE": given})


@pytest.mark.parametrize(
    ("known", "remedy"),
    [
        ("", "`./bootstrap.py --yes build` writes it there"),
        ("1000", "sudo chown -R .* './my own'`"),
    ],
)
def test_a_folder_that_can_not_be_written_is_named_as_it_was_given(
    known: str, remedy: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(NotWritableError, match=rf"^./my own can't be written by user .*{remedy}"):
        check.main({**environ, "STAGES_UID": known})


def test_pictures_that_no_container_sees_yet_are_not_looked_for(environ: dict[str, str]) -> None:
    check.main({**environ, "GIVEN_DATA": "/home/ann/flowers", "VGG19_TRAIN_SAMPLES": "40"})
    with pytest.raises(SettingsError, match="VGG19_DATA and GIVEN_DATA both name data"):
        check.main({**environ, "GIVEN_DATA": "/home/ann/flowers", "VGG19_DATA": "beans"})
    with pytest.raises(SettingsError, match="a path that no container sees; name it GIVEN_DATA"):
        check.main({**environ, "VGG19_DATA": "/home/ann/flowers"})


@pytest.mark.parametrize("data", ["tf_flowers", "imagenette/320px-v2:1.0.0"])
def test_a_set_by_its_name_passes(data: str, environ: dict[str, str]) -> None:
    check.main({**environ, "VGG19_DATA": data})


def test_what_this_machine_can_not_do_is_refused_before_the_first_stage(
    environ: dict[str, str],
) -> None:
    with pytest.raises(PinningError, match="cores 4000 are not among those available here"):
        check.main({**environ, "VGG19_CORES": "4000"})
    with pytest.raises(PinningError, match="500 instances need 500 cores"):
        check.main({**environ, "VGG19_NUM_INSTANCES": "500"})
