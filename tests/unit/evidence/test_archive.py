"""A bundle on a disk that is full, cut by an interruption, or of files that can't be packed."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docker.share.bundle import verify_bundle
from stages.errors import DiskFullError, InputCorruptError, NotWritableError
from stages.evidence import archive
from stages.evidence.archive import pack, unpack

LONG = f"artifacts/profile/loadgen/{'n' * 100}/x.txt"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    for name in ("a", LONG):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    pack(folder, tmp_path / "bundle.tar")
    return tmp_path / "bundle.tar"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary ones are made in."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


def test_a_long_name_comes_back_as_it_was(bundle: Path, tmp_path: Path) -> None:
    unpack(bundle, tmp_path / "again")
    assert (tmp_path / "again" / LONG).read_text() == LONG


def test_a_disk_without_room_is_said_before_anything_is_unpacked(
    bundle: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    with pytest.raises(DiskFullError, match=rf"no space left in {temporary}.*TMPDIR"):
        verify_bundle(bundle)
    assert not [*temporary.iterdir()]


def failing(error: BaseException) -> Callable[..., Any]:
    def write(*_: object) -> None:
        raise error

    return write


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_that_fills_up_is_no_fault_of_the_bundle(
    bundle: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(archive, "_write_file", failing(OSError(code, os.strerror(code), "x")))
    with pytest.raises(DiskFullError, match="free some, or set TMPDIR"):
        verify_bundle(bundle)
    assert not [*temporary.iterdir()]


def test_an_interruption_leaves_nothing_behind(
    bundle: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_write_file", failing(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        verify_bundle(bundle)
    assert not [*temporary.iterdir()]


def test_without_a_folder_for_temporary_files_the_variable_is_named(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(NotWritableError, match="set TMPDIR"):
        verify_bundle(bundle)


@pytest.mark.parametrize("name", ["a b", "ä", "x\ny", "n" * 200 + "/" + "n" * 60])
def test_what_could_not_be_unpacked_is_not_packed(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder" / name).parent.mkdir(parents=True)
    (tmp_path / "folder" / name).write_text("x")
    with pytest.raises(InputCorruptError, match="remove it"):
        pack(tmp_path / "folder", tmp_path / "bundle.tar")
    assert not (tmp_path / "bundle.tar").exists()


def test_a_link_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "secret").symlink_to("/etc/passwd")
    with pytest.raises(InputCorruptError, match="secret: it is no plain file"):
        pack(tmp_path / "folder", tmp_path / "bundle.tar")
