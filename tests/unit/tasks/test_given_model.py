"""`invoke train --model PATH` as its user types it, up to where an engine would be asked."""

from pathlib import Path

import pytest

from stages.errors import ModelError, PinningError, SettingsError
from tests.unit.files.test_given_module import keras_file
from tests.unit.tasks.test_command_line import assert_refused
from tests.unit.tasks.test_given_backbone import train


@pytest.mark.parametrize("runner", ["docker", "local"])
def test_what_will_not_do_is_refused_before_anything_is_built(runner: str, tmp_path: Path) -> None:
    given = ("--runner", runner, "--artifacts", str(tmp_path / "artifacts"), "--model")
    done = train(*given, str(tmp_path / "nowhere.keras"))
    assert_refused(done, SettingsError.exit_code, "nowhere.keras is not there; give a .keras or")
    (tmp_path / "mine.h5").write_bytes(b"no HDF5")
    done = train(*given, str(tmp_path / "mine.h5"))
    assert_refused(done, ModelError.exit_code, "mine.h5 is no model as Keras saves it, or damaged")


@pytest.mark.parametrize(
    "given", [("--backbone", "embedded"), ("--epochs", "300"), ("--learning-rate", "0.05")]
)
def test_what_makes_a_model_is_refused_beside_it(given: tuple[str, str], tmp_path: Path) -> None:
    model = str(keras_file(tmp_path / "mine.keras"))
    for flags, variables in ((("--model", model), {}), ((), {"GIVEN_MODEL": model})):
        done = train("--artifacts", str(tmp_path / "artifacts"), *flags, *given, **variables)
        assert_refused(done, SettingsError.exit_code, "contradicts model, of which nothing is")


def test_a_model_that_will_do_passes(tmp_path: Path) -> None:
    model = str(keras_file(tmp_path / "mine.keras"))
    given = ("--runner", "local", "--artifacts", str(tmp_path / "artifacts"))
    for flags, variables in ((("--model", model), {}), ((), {"GIVEN_MODEL": model})):
        done = train(*given, "--preprocessing", "unit", *flags, **variables)
        assert_refused(done, PinningError.exit_code, "numactl, which pins the cores, is missing")
