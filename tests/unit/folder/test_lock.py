"""One writer at a time, whom the next one names; no reader sees a folder half done."""

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from stages.artifacts import Artifacts
from stages.errors import ArtifactsBusyError, NotWritableError
from stages.folder.access import reading, writing
from stages.folder.handover import handing_over
from stages.folder.lock import writing_alone
from stages.folder.usable import LOCK, prepare
from tests.commands import ROOT, run

Use = Callable[[Path, str], AbstractContextManager[Artifacts]]
HOLDER = """
import sys
from pathlib import Path
from stages.folder import access

with getattr(access, sys.argv[2])(Path(sys.argv[1]), "quantize"):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(root: Path, how: str) -> "subprocess.Popen[str]":
    """Start a process that uses the folder until it is killed; return it once it does."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root), how],
        cwd=ROOT,
        env={**os.environ, "STAGES_CONTAINER": "vgg19-quantize-7"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


@pytest.mark.parametrize("use", [writing, reading])
def test_while_one_writes_others_are_told_who(tmp_path: Path, use: Use) -> None:
    holder = hold(tmp_path, "writing")
    named = rf"in use by quantize since 2\d.* UTC \(process {holder.pid} in vgg19-quantize-7\); "
    with holder:
        with pytest.raises(ArtifactsBusyError, match=named), use(tmp_path, "train"):
            pytest.fail("it was used twice")
        holder.kill()
    with writing(tmp_path, "train"):
        pass


@pytest.mark.parametrize("stage", ["train", "quantize", "profile", "compare", "peers"])
def test_a_stage_ends_in_one_line_before_it_reads_anything(tmp_path: Path, stage: str) -> None:
    with writing(tmp_path, "another"):
        done = run(sys.executable, "-m", f"stages.{stage}", "--artifacts", str(tmp_path))
    assert done.code == ArtifactsBusyError.exit_code, done
    assert done.output.startswith(f"{stage}: error: {tmp_path} is in use by another since ")
    assert len(done.output.splitlines()) == 1


def test_readers_do_not_hinder_each_other_but_a_writer(tmp_path: Path) -> None:
    prepare(tmp_path)
    with hold(tmp_path, "reading") as holder:
        with reading(tmp_path, "bundle"), reading(tmp_path, "export"):
            pass
        with (
            pytest.raises(ArtifactsBusyError, match="in use by quantize since"),
            writing(tmp_path, "clean"),
        ):
            pytest.fail("it wrote")
        holder.kill()


def test_it_is_free_again_after_a_failure_and_names_nobody(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path, "train"):
        raise ZeroDivisionError
    assert (tmp_path / LOCK).read_text() == ""
    with writing(tmp_path, "train"):
        pass


def test_the_name_of_a_holder_does_not_steer_the_terminal(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / LOCK).write_bytes(b"\x1b[2J\nclean: done\xff")
    with (tmp_path / LOCK).open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ArtifactsBusyError) as caught, writing(tmp_path, "train"):
            pytest.fail("it was used twice")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("kind", ["symlink", "hard link", "fifo", "folder"])
def test_a_lock_that_is_something_else_is_refused_and_kept(tmp_path: Path, kind: str) -> None:
    thesis = tmp_path / "thesis"
    thesis.write_text("years of work")
    root = prepare(tmp_path / "artifacts")
    if kind == "symlink":
        (root / LOCK).symlink_to(thesis)
    elif kind == "hard link":
        (root / LOCK).hardlink_to(thesis)
    elif kind == "fifo":
        os.mkfifo(root / LOCK)
    else:
        (root / LOCK).mkdir()
    for use in (writing, reading):
        with pytest.raises(NotWritableError, match=r"\.lock .*remove it"), use(root, "train"):
            pytest.fail("it went on")
    assert thesis.read_text() == "years of work"


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF])
def test_a_file_system_without_locks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(NotWritableError, match=r"without locks .* folder on a local disk"),
        writing(tmp_path, "train"),
    ):
        pytest.fail("it went on")


class OnNfs:
    """flock as NFS has it: for one alone it takes a descriptor that can be written."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real, self._opened = fcntl.flock, os.open
        monkeypatch.setattr(fcntl, "flock", self.flock)
        monkeypatch.setattr(os, "open", self.open)
        monkeypatch.setattr(os, "access", lambda path, mode: mode == os.R_OK)

    def flock(self, lock: int, kind: int) -> None:
        mode = fcntl.fcntl(lock, fcntl.F_GETFL) & os.O_ACCMODE
        if kind & fcntl.LOCK_EX and mode == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        self._real(lock, kind)

    def open(self, path: Path, flags: int, *others: int) -> int:
        if flags & os.O_ACCMODE != os.O_RDONLY:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return self._opened(path, flags, *others)


def test_who_can_only_read_on_nfs_reads_while_nobody_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(tmp_path, "train"):
        (tmp_path / ".train.abcd1234.new").mkdir()
    with writing_alone(tmp_path, "compare"), monkeypatch.context() as patch:
        OnNfs(patch)
        with (
            pytest.raises(ArtifactsBusyError, match="in use by compare since"),
            reading(tmp_path, "bundle"),
        ):
            pytest.fail("it read what another writes")
    with monkeypatch.context() as patch:
        OnNfs(patch)
        with reading(tmp_path, "bundle"), reading(tmp_path, "export"):
            assert (tmp_path / ".train.abcd1234.new").is_dir()
            patch.undo()
            with pytest.raises(ArtifactsBusyError), writing(tmp_path, "train"):
                pytest.fail("it wrote what others read")


def test_who_can_only_read_on_nfs_does_not_take_a_lost_folder_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(tmp_path, "train"):
        (tmp_path / ".train.abcd1234.old").mkdir()
    OnNfs(monkeypatch)
    with (
        pytest.raises(NotWritableError, match="/train was taken away"),
        reading(tmp_path, "bundle"),
    ):
        pytest.fail("it went on")


def test_without_any_lock_nothing_is_read_and_a_copy_is_advised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with writing(tmp_path, "train"):
        pass
    OnNfs(monkeypatch)
    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(NotWritableError, match=r"without locks .*; copy it to a local disk"),
        reading(tmp_path, "bundle"),
    ):
        pytest.fail("it went on")


def test_the_lock_holds_though_nobody_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with (
        writing(tmp_path, "train"),
        pytest.raises(ArtifactsBusyError, match="in use by another command"),
        writing(tmp_path, "quantize"),
    ):
        pytest.fail("it was used twice")


def test_what_can_only_be_read_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with reading(tmp_path, "bundle") as artifacts:
        assert artifacts.root == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_who_can_not_write_reads_beside_what_a_killed_command_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(tmp_path, "train"), handing_over(tmp_path / "train") as partial:
        (partial / "train.json").write_text("{}")
    (tmp_path / ".train.abcd1234.new").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with reading(tmp_path, "bundle") as artifacts:
        assert artifacts.train.record.is_file()
    assert (tmp_path / ".train.abcd1234.new").is_dir()


def test_who_can_not_write_does_not_take_a_lost_folder_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with writing(tmp_path, "train"):
        (tmp_path / ".train.abcd1234.old").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError), reading(tmp_path, "bundle"):
        pytest.fail("it went on")


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    with reading(tmp_path / "none", "export") as artifacts:
        assert not artifacts.root.exists()


def test_reading_leaves_a_folder_that_no_stage_used_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").touch()
    with reading(tmp_path, "history") as artifacts:
        assert artifacts.root == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == [".gitignore"]


@pytest.mark.parametrize("use", [writing, reading])
def test_a_writer_that_was_killed_between_the_renames_is_recovered_from(
    tmp_path: Path, use: Use
) -> None:
    prepare(tmp_path)
    (tmp_path / ".train.abcd1234.old").mkdir()
    with use(tmp_path, "bundle"):
        assert (tmp_path / "train").is_dir()


def test_a_lock_that_may_not_be_opened_is_named_not_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, real = prepare(tmp_path / "mine"), os.open
    (root / LOCK).touch()

    def denied(path: Path, *given: int) -> int:
        if str(path).endswith(LOCK):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *given)

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(NotWritableError, match=rf"{LOCK} can't be opened by user .*; remove it"):
        writing(root, "train").__enter__()
