"""`invoke train --data FOLDER` as its user types it, up to where an engine would be asked."""

from pathlib import Path

import pytest

from stages.errors import DataError, PinningError, SettingsError
from tests.commands import Done, invoke
from tests.unit.pictures.folders import folder_with, names
from tests.unit.tasks.test_command_line import NO_ENGINE, assert_refused

# What the local runner asks for first of all that it needs.
NOTHING = {**NO_ENGINE, "PATH": "/nonexistent"}
FLOWERS = [*names("roses", 60), *names("tulips", 60)]


def train(*given: str, **variables: str) -> Done:
    return invoke("train", *given, variables={**NOTHING, **variables})


@pytest.mark.parametrize("runner", ["docker", "local"])
def test_a_folder_that_will_not_do_is_refused_before_anything_is_built(
    runner: str, tmp_path: Path
) -> None:
    given = ("--runner", runner, "--artifacts", str(tmp_path / "artifacts"), "--data")
    done = train(*given, str(tmp_path / "nowhere"))
    assert_refused(done, SettingsError.exit_code, f"{tmp_path}/nowhere is not there; give one")
    folder = folder_with(tmp_path / "flowers", names("roses", 60))
    done = train(*given, str(folder))
    assert_refused(done, DataError.exit_code, f"{folder} has one class alone, roses; give")
    folder_with(folder, names("tulips", 3))
    done = train(*given, str(folder), "--train-samples", "20")
    assert_refused(done, SettingsError.exit_code, "20 training images are too few to set 32 aside")


def test_a_folder_that_will_do_passes(tmp_path: Path) -> None:
    folder_with(tmp_path / "flowers", FLOWERS)
    given = ("--runner", "local", "--artifacts", str(tmp_path / "artifacts"))
    for flags, variables in (
        (("--data", "~/flowers"), {"HOME": str(tmp_path)}),
        ((), {"GIVEN_DATA": str(tmp_path / "flowers")}),
    ):
        done = train(*given, *flags, **variables)
        assert_refused(done, PinningError.exit_code, "numactl, which pins the cores, is missing")


def test_two_variables_are_refused(tmp_path: Path) -> None:
    done = train(GIVEN_DATA=str(tmp_path), VGG19_DATA="beans")
    assert_refused(done, SettingsError.exit_code, "VGG19_DATA and GIVEN_DATA both name data")


def test_a_slip_of_our_own_names_is_noticed_at_once() -> None:
    done = train("--data", "bean")
    assert_refused(done, SettingsError.exit_code, "data can't be 'bean' (did you mean beans?)")
