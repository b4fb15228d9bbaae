"""A file that a task writes is refused before any work, and is there whole or not at all."""

import errno
import fcntl
import os
import subprocess
import sys
import tarfile
import tempfile
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from invoke.context import Context

from docker import results
from docker.host import asking, engine
from docker.share import bundle
from docker.share.output import (
    agree_to_replace,
    begins,
    holds_first,
    require_writable,
    write_together,
    writing_alone,
    written_whole,
)
from stages.errors import ArtifactsBusyError, DiskFullError, NotWritableError
from tests.commands import ROOT, invoke

REFUSED = {
    "folder": "is a folder",
    "none/bundle.tar": "is no folder that is there",
    "file/bundle.tar": "is no folder that is there",
    "fifo": "is no plain file",
    "artifacts/bundle.tar": "would be among the artifacts",
    "artifacts/train/bundle.tar": "is no folder that is there",
    "link/bundle.tar": "would be among the artifacts",
    "loop": "is a symlink that leads nowhere",
    "proc/bundle.tar": "can't be written by user",
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "link").symlink_to("artifacts")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "proc").symlink_to("/proc")
    (tmp_path / "file").write_text("earlier")
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_written_is_refused(place: Path, name: str) -> None:
    with pytest.raises(NotWritableError, match=REFUSED[name]):
        require_writable(place / name, place / "artifacts")


def test_to_ask_leaves_nothing(place: Path) -> None:
    before = {*place.rglob("*")}
    require_writable(place / "new.tar", place / "artifacts")
    assert {*place.rglob("*")} == before


def test_so_is_a_folder_that_this_user_can_not_write(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(NotWritableError, match=r"bundle\.tar can't be written by user"):
        require_writable(place / "bundle.tar", place / "artifacts")


@pytest.mark.parametrize("code", [errno.EPERM, errno.EROFS, errno.EINVAL, errno.ENOENT])
def test_what_a_file_system_does_not_take_is_named_as_it_was_given(
    place: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object, **given: object) -> None:
        raise OSError(code, os.strerror(code), f"{given['dir']}/.x.8bog8gg6.vgg19-part")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    expected = rf"^{place}/x can't be written by user .*; give another$"
    with pytest.raises(NotWritableError, match=expected):
        require_writable(place / "x", place / "artifacts")


def test_a_folder_that_lets_nothing_be_replaced_is_named_by_the_file(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))

    monkeypatch.setattr(Path, "replace", refuse)
    expected = rf"^{place}/x can't be written by user .*; give another$"
    with pytest.raises(NotWritableError, match=expected), written_whole(place / "x"):
        pass


@pytest.mark.parametrize("task", ["bundle", "export"])
def test_the_task_says_it_before_it_does_anything(place: Path, task: str) -> None:
    variables = {"VGG19_ARTIFACTS": str(place / "artifacts"), "DOCKER_HOST": "unix:///none.sock"}
    done = invoke(task, "--output", str(place / "none" / "file"), variables=variables)
    assert done.code == NotWritableError.exit_code, done
    assert done.output.startswith(f"{task}: error: ")
    assert list((place / "artifacts").iterdir()) == []


def answer(monkeypatch: pytest.MonkeyPatch, yes: bool | None) -> list[str]:
    """Return the questions that a person is asked, who says yes or no, or isn't there."""
    asked: list[str] = []

    def agreed(question: str) -> bool:
        asked.append(question)
        return bool(yes)

    monkeypatch.setattr(asking, "is_possible", lambda: yes is not None)
    monkeypatch.setattr(asking, "agreed", agreed)
    return asked


def mine(path: Path) -> bool:
    return begins("earlier", path)


# A line of its own, in red.
STEERING = "a\n\x1b[31mb"


@pytest.mark.parametrize("seconds", [10**14, -(10**14)])
def test_a_file_of_a_time_that_no_calendar_has_is_replaced(
    seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, True)
    with TemporaryDirectory(dir="/dev/shm") as folder:  # a disk keeps no such time
        path = Path(folder, "bundle.tar")
        path.write_text("earlier")
        os.utime(path, (seconds, seconds))
        assert agree_to_replace(path, mine) == [f"replaced the file {path}"]


def test_a_file_that_is_replaced_is_named_on_one_line(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, True)
    (place / STEERING).write_text("earlier")
    lines = agree_to_replace(place / STEERING, mine)
    assert len(asked) == len(lines) == 1
    assert r"a\n\x1b[31mb" in lines[0]
    assert all(text.isprintable() for text in [*asked, *lines])


@pytest.mark.parametrize("task", ["bundle", "export"])
def test_what_is_written_is_named_on_one_line(
    place: Path, task: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = place / STEERING
    output.write_text("written")
    monkeypatch.setenv("VGG19_ARTIFACTS", str(place / "artifacts"))
    monkeypatch.setattr(bundle, "write_bundle", lambda *_: bundle.Verdict([], []))
    monkeypatch.setattr(results, "write_export", lambda *_: None)
    monkeypatch.setattr(engine, "require", lambda *_: None)
    getattr(results, task)(Context(), output=str(output))
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isprintable()


def test_another_programs_file_is_not_replaced(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, yes=True)
    (place / "notes.txt").write_text("my notes")
    with tarfile.open(place / "other.tar.gz", "w:gz") as tar:
        tar.add(place / "notes.txt", "notes.txt")
    for name in ("notes.txt", "other.tar.gz"):
        for is_ours in (mine, partial(holds_first, "SHA256SUMS")):
            with pytest.raises(NotWritableError, match="is another program's; give another name"):
                agree_to_replace(place / name, is_ours)
    (place / "empty").touch()  # as mktemp leaves it
    assert agree_to_replace(place / "empty", mine)
    assert agree_to_replace(place / "other.tar.gz", partial(holds_first, "notes"))


def test_a_file_that_is_there_is_not_replaced_without_a_word(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = datetime(2025, 11, 26, 15, 2).astimezone().timestamp()
    os.utime(place / "file", (written, written))
    which = f"the file {place / 'file'} of 2025-11-26 15:02"
    assert answer(monkeypatch, None) == []
    assert agree_to_replace(place / "file", mine) == [f"replaced {which}"]
    assert agree_to_replace(place / "new", mine) == []
    asked = answer(monkeypatch, yes=True)
    assert agree_to_replace(place / "file", mine) == [f"replaced {which}"]
    assert asked == [f"Replace {which}?"]
    answer(monkeypatch, yes=False)
    with pytest.raises(NotWritableError, match="stays as it is; give another name by --output"):
        agree_to_replace(place / "file", mine)


def test_it_takes_its_place_when_it_is_whole(place: Path) -> None:
    with written_whole(place / "file") as part:
        part.write_text("new")
        assert (place / "file").read_text() == "earlier"
    assert (place / "file").read_text() == "new"
    assert not list(place.glob(".file*"))


def test_a_link_stays_one(place: Path) -> None:
    (place / "latest").symlink_to("file")
    with written_whole(place / "latest") as part:
        part.write_text("new")
    assert (place / "latest").is_symlink()
    assert (place / "file").read_text() == "new"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interruption_leaves_no_half_file(place: Path, error: type[BaseException]) -> None:
    def write_half() -> None:
        with written_whole(place / "file") as part:
            part.write_text("ha")
            raise error

    before = {path.name for path in place.iterdir()}
    with pytest.raises(error):
        write_half()
    assert {path.name for path in place.iterdir()} == before
    assert (place / "file").read_text() == "earlier"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_it_has_the_mode_of_any_file(place: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with written_whole(place / "new") as part:
            part.write_text("new")
    finally:
        os.umask(before)
    assert (place / "new").stat().st_mode & 0o777 == mode


WRITER = """
import sys
from datetime import datetime
from pathlib import Path
from docker.share.output import written_whole

with written_whole(Path(sys.argv[1])) as part:
    part.write_text("ha")
    print(part.name, flush=True)
    sys.stdin.read()
"""


def writer(output: Path) -> tuple["subprocess.Popen[str]", Path]:
    """Start a process that writes a file, and return it once there is the beginning of it."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(output)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return process, output.parent / process.stdout.readline().strip()


def test_what_a_killed_command_left_is_removed_by_the_next_one(place: Path) -> None:
    process, part = writer(place / "bundle.tar")
    with process:
        with written_whole(place / "other.tar") as other:
            assert part.read_text() == "ha"
            assert other.is_file()
        process.kill()
    assert part.is_file()
    require_writable(place / "export.tar.gz", place / "artifacts")
    assert not part.exists()


def test_no_file_of_another_program_is_taken_for_such_a_one(place: Path) -> None:
    kept = [
        *(place / name for name in (".film.abcd1234.part", "x.abcd1234.vgg19-part", ".vgg19-part")),
        place / ".link.abcd1234.vgg19-part",
        place / ".second.abcd1234.vgg19-part",
        place / ".folder.abcd1234.vgg19-part",
    ]
    for path in kept[:3]:
        path.touch()
    kept[3].symlink_to("file")
    kept[4].hardlink_to(place / "file")
    kept[5].mkdir()
    with written_whole(place / "new") as part:
        part.write_text("new")
    assert all(path.is_symlink() or path.exists() for path in kept)
    assert (place / "file").read_text() == "earlier"


def test_two_do_not_mix_what_they_write_to_a_folder(place: Path) -> None:
    with (
        writing_alone(place / "folder"),
        pytest.raises(ArtifactsBusyError, match="another command is writing to"),
        writing_alone(place / "folder"),
    ):
        pass
    with writing_alone(place / "folder"):
        write_together(place / "folder", {"a": "1", "b": "2"})
    assert {path.name: path.read_text() for path in (place / "folder").iterdir()} == {
        "a": "1",
        "b": "2",
    }


def test_none_of_several_files_is_replaced_if_one_can_not_be_written(place: Path) -> None:
    (place / "a").write_text("earlier")
    with pytest.raises(UnicodeEncodeError):
        write_together(place, {"a": "new", "b": "\udcff"})
    assert (place / "a").read_text() == "earlier"
    assert not (place / "b").exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_the_folder_that_is_full_is_named(place: Path, code: int) -> None:
    with (
        pytest.raises(DiskFullError, match=f"no space left in {place}/folder; .* another folder"),
        written_whole(place / "folder" / "new"),
    ):
        raise OSError(code, os.strerror(code))
    assert not [*(place / "folder").iterdir()]


def test_without_locks_nothing_is_removed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    (place / ".other.abcd1234.vgg19-part").touch()
    monkeypatch.setattr(fcntl, "flock", refuse)
    with written_whole(place / "new") as part:
        part.write_text("new")
    assert (place / ".other.abcd1234.vgg19-part").exists()
    assert (place / "new").read_text() == "new"
