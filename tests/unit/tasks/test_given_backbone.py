"""`invoke train --backbone PATH` as its user types it, up to where an engine would be asked."""

from pathlib import Path

import pytest

from stages.errors import ModelError, PinningError, SettingsError
from tests.commands import Done, invoke
from tests.unit.files.test_given_module import make_module
from tests.unit.tasks.test_command_line import NO_ENGINE, assert_refused

# What the local runner asks for first of all that it needs.
NOTHING = {**NO_ENGINE, "PATH": "/nonexistent"}


def train(*given: str, **variables: str) -> Done:
    return invoke("train", *given, variables={**NOTHING, **variables})


@pytest.mark.parametrize("runner", ["docker", "local"])
def test_a_path_that_will_not_do_is_refused_before_anything_is_built(
    runner: str, tmp_path: Path
) -> None:
    given = ("--runner", runner, "--artifacts", str(tmp_path / "artifacts"), "--backbone")
    done = train(*given, str(tmp_path / "nowhere"))
    assert_refused(done, SettingsError.exit_code, f"{tmp_path}/nowhere is not there; give")
    done = train(*given, str(tmp_path))
    assert_refused(done, ModelError.exit_code, f"{tmp_path} holds no saved_model.pb; give")
    (tmp_path / "mine.tgz").write_bytes(b"no archive")
    done = train(*given, str(tmp_path / "mine.tgz"))
    assert_refused(done, ModelError.exit_code, "mine.tgz is no tar archive, or damaged; give")


def test_a_path_that_will_do_passes(tmp_path: Path) -> None:
    make_module(tmp_path / "mine")
    given = ("--runner", "local", "--artifacts", str(tmp_path / "artifacts"))
    for flags, variables in (
        (("--backbone", "~/mine"), {"HOME": str(tmp_path)}),
        ((), {"GIVEN_BACKBONE": str(tmp_path / "mine")}),
    ):
        done = train(*given, *flags, **variables)
        assert_refused(done, PinningError.exit_code, "numactl, which pins the cores, is missing")


def test_two_variables_are_refused(tmp_path: Path) -> None:
    variables = {"GIVEN_BACKBONE": str(tmp_path), "VGG19_BACKBONE": "imagenet"}
    done = train("--artifacts", str(tmp_path), **variables)
    assert_refused(done, SettingsError.exit_code, "VGG19_BACKBONE and GIVEN_BACKBONE both name")
