import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.errors import (
    AccuracyBoundError,
    DiskFullError,
    InputCorruptError,
    ModelError,
    NotWritableError,
    ProofError,
    SettingsError,
    WorkerError,
    exit_code_of,
)
from stages.folder.full_disk import noticing, require_room, scratch_folder, temporary_directory
from stages.folder.handover import handing_over
from stages.program import disk_space

Fill = Callable[[Path], None]
MASKS = [WorkerError, ModelError, ProofError, InputCorruptError, ZeroDivisionError, ValueError]


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Let a folder, with all below it, be on a disk without room."""
    full: list[Path] = []
    allocate = os.posix_fallocate

    def refuse(descriptor: int, start: int, length: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if any(path.is_relative_to(folder) for folder in full):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        allocate(descriptor, start, length)

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    return full.append


def failing(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("kind", MASKS)
def test_whatever_fails_on_a_full_disk_fails_of_it(
    tmp_path: Path, fill: Fill, kind: type[Exception]
) -> None:
    fill(tmp_path)
    said = (
        rf"no space left at {tmp_path} \(.*it ended with code 120.*\); free some and run this again"
    )
    with pytest.raises(DiskFullError, match=said), noticing(tmp_path):
        failing(kind("it ended with code 120; the lines above are the end of its output"))


@pytest.mark.parametrize("kind", MASKS)
def test_with_room_left_a_failure_stays_what_it_is(tmp_path: Path, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="oops"), noticing(tmp_path):
        failing(kind("oops"))


@pytest.mark.parametrize("kind", [SettingsError, AccuracyBoundError])
def test_a_failure_with_a_cause_of_its_own_stays_what_it_is(
    tmp_path: Path, fill: Fill, kind: type[Exception]
) -> None:
    fill(tmp_path)
    with pytest.raises(kind, match="oops"), noticing(tmp_path):
        failing(kind("oops"))


def test_a_full_temporary_folder_is_noticed_too(
    tmp_path: Path, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    fill(temporary)
    monkeypatch.setenv("TMPDIR", str(temporary))
    with pytest.raises(DiskFullError, match=rf"at {temporary} \("), noticing(tmp_path):
        failing(WorkerError("died"))


@pytest.mark.parametrize(
    "words",
    [
        "ResourceExhaustedError: x/saved_model.pb; No space left on device",
        "[Errno 28] x",
        "Disk quota exceeded",
        "Not enough disk space. Needed: 1 GiB",
    ],
)
def test_what_says_it_is_believed_though_the_room_is_back(tmp_path: Path, words: str) -> None:
    wrapped = ModelError("the tool gave up")
    wrapped.__cause__ = RuntimeError(words)
    with pytest.raises(DiskFullError, match="no space left at"), noticing(tmp_path):
        failing(wrapped)


def test_a_file_that_could_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match=r"^no space left at /x/y; "), noticing(tmp_path):
        failing(OSError(errno.ENOSPC, "No space left on device", "/x/y"))


def test_it_is_noticed_before_the_folder_is_removed_with_which_the_room_comes_back(
    tmp_path: Path, fill: Fill
) -> None:
    places: list[Path] = []

    def fill_and_fail(folder: Path) -> None:
        places.append(folder)
        fill(folder)
        failing(WorkerError("died"))

    for use in (scratch_folder("it-"), handing_over(tmp_path / "train")):
        with pytest.raises(DiskFullError), use as folder:
            fill_and_fail(folder)
    assert len(places) == 2
    assert not any(folder.exists() for folder in places)


def test_the_folder_that_is_full_is_named_though_another_one_is_nearer(
    tmp_path: Path, fill: Fill
) -> None:
    copying = shutil.Error([("a", "b", "[Errno 28] No space left on device: 'a' -> 'b'")])

    def copy(partial: Path) -> None:
        fill(partial)
        with scratch_folder("it-"):
            failing(copying)

    said = rf"^no space left at {tmp_path}/\.train[^ ]*; free some and run this again$"
    with pytest.raises(DiskFullError, match=said), handing_over(tmp_path / "train") as partial:
        copy(partial)


def test_what_others_wrote_is_not_taken_from_a_full_disk(tmp_path: Path, fill: Fill) -> None:
    require_room(tmp_path)
    fill(tmp_path)
    with pytest.raises(DiskFullError, match=f"no space left at {tmp_path}; "):
        require_room(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("full", [True, False])
def test_without_any_temporary_folder_the_cause_is_said(
    tmp_path: Path, fill: Fill, monkeypatch: pytest.MonkeyPatch, full: bool
) -> None:
    missing = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")
    monkeypatch.setattr(tempfile, "TemporaryDirectory", lambda **_: failing(missing))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    if full:
        fill(tmp_path)
    kind = DiskFullError if full else NotWritableError
    words = str(tmp_path) if full else "set TMPDIR"
    with pytest.raises(kind, match=words), temporary_directory("it-"):
        pass


def test_an_unknown_failure_with_a_full_temporary_folder_has_no_traceback(
    tmp_path: Path,
    fill: Fill,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    fill(tmp_path)
    assert exit_code_of("it", lambda: failing(ImportError("of a library"))) == 8
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"no space left at {tmp_path}; free some" in said


def test_a_quota_is_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quota = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    monkeypatch.setattr(os, "posix_fallocate", lambda *_: failing(quota))
    assert disk_space.full_among([tmp_path / "no such folder", tmp_path]) == tmp_path
