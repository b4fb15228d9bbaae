"""The check of a file of Keras in a process of its own, whatever becomes of that."""

import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from stages.errors import ModelError, WorkerError
from stages.files.given_module import KERAS_MODEL, KERAS_VERSION
from stages.train import keras_check
from stages.train.keras_check import checked_apart

ENDLESS = Path(__file__).parents[2] / "data" / "keras" / "endless.h5"


def stand_in(monkeypatch: pytest.MonkeyPatch, *command: str) -> None:
    def instead(_: Sequence[str]) -> list[str]:
        return [*command]

    monkeypatch.setattr(keras_check, "tethered", instead)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(KERAS_MODEL, '{"class_name": "Harm"}')
        made.writestr(KERAS_VERSION, "{}")
    return path


@pytest.mark.image
def test_what_the_check_refuses_with_is_raised(file: Path) -> None:
    with pytest.raises(ModelError, match=r"^holds no model that Keras saved whole"):
        checked_apart(file)


def test_what_it_says_of_a_good_file_is_returned(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, "echo", '{"package":"keras","version":"2.15.0"}')
    assert checked_apart(file).version == "2.15.0"


def test_one_that_never_ends_is_ended(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "sleep", "60")
    monkeypatch.setattr(keras_check, "LIMIT_S", 0.2)
    with pytest.raises(ModelError, match=r"reading it does not come to an end within 0 s\); save"):
        checked_apart(file)


def test_one_that_crashes_is_the_files_fault(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "sh", "-c", "kill -SEGV $$")
    with pytest.raises(ModelError, match=r"is damaged \(reading it was ended by SIGSEGV\); save"):
        checked_apart(file)


@pytest.mark.parametrize("how", ["kill -KILL $$", "kill -TERM $$", "echo no h5py >&2; exit 1"])
def test_one_that_others_end_is_not_called_damaged(
    file: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    stand_in(monkeypatch, "sh", "-c", how)
    with pytest.raises(WorkerError, match=r"^reading the model .*; run train again$"):
        checked_apart(file)


@pytest.mark.image
def test_one_that_takes_more_memory_than_any_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h5py = pytest.importorskip("h5py")
    file = tmp_path / "large.h5"
    with h5py.File(file, "w") as made:
        made.attrs["model_config"] = "{}"
        made.create_group("weights").attrs.create(
            "large", b"x" * 2 * 10**8, dtype=h5py.string_dtype()
        )
    within = "from stages.train import keras_check as it; it.MAX_MEMORY_BYTES = 10**8; it.main()"
    stand_in(monkeypatch, sys.executable, "-c", within, str(file))
    with pytest.raises(
        ModelError, match=r"^(takes more than 0 GB to read|is damaged).*; save it again"
    ):
        checked_apart(file)


def test_a_file_that_hdf5_never_comes_back_from_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("h5py")
    monkeypatch.setattr(keras_check, "LIMIT_S", 10.0)
    path = tmp_path / "model.h5"
    path.write_bytes(ENDLESS.read_bytes())
    with pytest.raises(ModelError, match="is damaged"):
        checked_apart(path)
