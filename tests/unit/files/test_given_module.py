"""What a user may give as a module, and the one line on what can be none."""

import errno
import gzip
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.errors import ModelError, SettingsError
from stages.files import given_module
from stages.files.given_module import (
    HDF5,
    keras_form,
    module_files,
    require_classifier,
    require_module,
)
from tests.unit.deep import make_deep
from tests.unit.files.test_module_archive import PARTS, packed


def make_module(folder: Path) -> Path:
    """Make a folder with the files of a SavedModel, none of which TensorFlow could read."""
    for name, content in PARTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def refused(kind: type[Exception], path: Path) -> str:
    with pytest.raises(kind) as caught:
        require_module(path)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_folder_an_archive_and_a_link_to_either_can_be_modules(tmp_path: Path) -> None:
    (tmp_path / "mine.tgz").write_bytes(gzip.compress(packed()))
    make_module(tmp_path / "mine")
    for name in ("mine", "mine.tgz"):
        (tmp_path / f"to-{name}").symlink_to(tmp_path / name)
        require_module(tmp_path / name)
        require_module(tmp_path / f"to-{name}")


@pytest.mark.parametrize("name", ["nowhere", "a/b", "link", "x" * 300, "file/below", "\x1b[2J"])
def test_a_path_where_nothing_is_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    (tmp_path / "file").touch()
    assert "is not there; give the folder of a TF2" in refused(SettingsError, tmp_path / name)


def test_a_folder_without_a_model_is_refused_and_one_in_it_proposed(tmp_path: Path) -> None:
    assert "holds no saved_model.pb; give the folder of" in refused(ModelError, tmp_path)
    make_module(tmp_path / "versions" / "1")
    words = f"holds no saved_model.pb; give {tmp_path}/versions/1, which has one"
    assert words in refused(ModelError, tmp_path / "versions")


def test_a_file_of_a_model_and_what_is_no_file_are_refused(tmp_path: Path) -> None:
    inner = make_module(tmp_path / "mine") / "saved_model.pb"
    assert "is a file of a SavedModel; give its folder" in refused(ModelError, inner)
    os.mkfifo(tmp_path / "pipe")
    assert "neither a folder nor a plain file" in refused(ModelError, tmp_path / "pipe")
    (tmp_path / "weights.h5").write_bytes(b"\x89HDF")
    assert "weights.h5 is no tar archive" in refused(ModelError, tmp_path / "weights.h5")


@pytest.mark.parametrize("name", ["/proc/self/mem", "/proc/self/pagemap", "empty.tar"])
def test_a_file_that_the_system_makes_while_it_is_read_is_refused(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "empty.tar").touch()
    assert "is empty, or none that is kept" in refused(ModelError, tmp_path / name)
    graph = make_module(tmp_path / "mine") / "saved_model.pb"
    graph.unlink()
    graph.symlink_to(tmp_path / name)
    assert f"{graph} of the backbone is empty, or none" in refused(ModelError, tmp_path / "mine")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [make_pipe, make_endless])
def test_a_file_of_a_module_that_has_no_end_is_named(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = make_module(tmp_path / "mine")
    make(folder / "variables" / "more")
    assert "variables/more of the backbone is no plain file" in refused(ModelError, folder)


def test_files_with_holes_are_not_read_to_their_end(tmp_path: Path) -> None:
    folder = make_module(tmp_path / "mine")
    with (folder / "saved_model.pb").open("r+b") as file:
        file.truncate(2**40)
    assert "have more than 8 GB" in refused(ModelError, folder)


def test_what_can_not_be_read_is_no_fault_of_the_artifacts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    archive = tmp_path / "mine.tar"
    archive.write_bytes(packed())
    monkeypatch.setattr("stages.files.module_archive.open", lambda *_: Failing(fail), raising=False)
    assert "mine.tar can't be read (Input/output error)" in refused(ModelError, archive)


class Failing(io.BytesIO):
    """A file that opens, and fails when it is read."""

    def __init__(self, read: Callable[..., bytes]) -> None:
        super().__init__()
        self.read = read  # type: ignore[method-assign]


def test_an_archive_without_end_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given_module, "MAX_MODULE_BYTES", 10)
    (tmp_path / "mine.tgz").write_bytes(gzip.compress(packed()))
    assert "has more than 0 GB; give the folder" in refused(ModelError, tmp_path / "mine.tgz")


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("name", ["", "saved_model.pb", "variables", "variables/variables.index"])
def test_what_this_user_may_not_read_is_named(name: str, tmp_path: Path) -> None:
    folder = make_module(tmp_path / "mine")
    (folder / name).chmod(0)
    try:
        assert f"{folder / name}" in (said := refused(SettingsError, folder))
        assert "can't be read by user" in said
    finally:
        (folder / name).chmod(0o755)


def test_what_the_system_denies_is_named_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_module(tmp_path / "mine")
    allowed = os.access
    index = folder / "variables" / "variables.index"
    monkeypatch.setattr(os, "access", lambda path, way: path != index and allowed(path, way))
    assert f"the file {index} of the backbone can't be read" in refused(SettingsError, folder)


def test_the_files_of_a_module_are_found_through_links_and_come_to_an_end(tmp_path: Path) -> None:
    folder = make_module(tmp_path / "mine")
    make_module(tmp_path / "other")
    (folder / "assets").symlink_to(tmp_path / "other")
    (folder / "round").symlink_to(folder)
    found = {path.relative_to(folder).as_posix() for path in module_files(folder)}
    assert found == {*PARTS, *(f"assets/{name}" for name in PARTS)}
    make_deep(folder / "deep", levels=200)
    assert "is more than 64 folders deep" in refused(ModelError, folder)


def keras_file(path: Path, *names: str) -> Path:
    """Make a file as Keras packs it, of which only the names of its members are real."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names or ("config.json", "metadata.json", "model.weights.h5"):
            archive.writestr(name, "{}")
    return path


def test_a_model_may_also_be_a_file_of_keras_whatever_it_is_called(tmp_path: Path) -> None:
    make_module(tmp_path / "mine")
    (tmp_path / "mine.tgz").write_bytes(gzip.compress(packed()))
    (tmp_path / "model").write_bytes(HDF5 + b"...")
    forms = {keras_file(tmp_path / "a b.zip"): ".keras", tmp_path / "model": ".h5"}
    assert {path: keras_form(path) for path in forms} == forms
    for name in ("mine", "mine.tgz", "model", "a b.zip"):
        require_classifier(tmp_path / name)


def test_what_is_no_model_of_keras_is_named_with_what_may_be_given(tmp_path: Path) -> None:
    (tmp_path / "cut.keras").write_bytes(keras_file(tmp_path / "whole").read_bytes()[:60])
    (tmp_path / "cut.h5").write_bytes(b"no HDF5")
    keras_file(tmp_path / "another.keras", "something.txt")
    for name in ("cut.keras", "cut.h5", "another.keras"):
        with pytest.raises(ModelError, match=r"no model as Keras saves it.*; give a \.keras or"):
            require_classifier(tmp_path / name)
    keras_file(tmp_path / "archive.zip", "saved_model.pb")
    with pytest.raises(ModelError, match=r"archive\.zip is compressed by zip"):
        require_classifier(tmp_path / "archive.zip")
    assert "compressed by zip" in refused(ModelError, tmp_path / "whole")


def test_a_list_of_members_that_no_model_has_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "many.keras"
    with zipfile.ZipFile(path, "w") as made:
        for name in ("config.json", "metadata.json", *map(str, range(20_000))):
            made.writestr(name, "")
    assert keras_form(path) == ""
    with pytest.raises(ModelError, match="is no model as Keras saves it, or damaged"):
        require_classifier(path)
