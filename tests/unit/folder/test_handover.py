"""A stage's folder is the earlier one or the new one, wherever a failure or a kill comes."""

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.artifacts import verify
from stages.errors import DiskFullError, NotWritableError, exit_code_of
from stages.files import left_overs, trees
from stages.folder.access import writing
from stages.folder.handover import handing_over
from tests.commands import ROOT

OLD, NEW = '{"old": 1}', '{"new": 1}'
CALLS = ("rename", "fsync", "fchmod")
# Mode and sync of three files and two folders, two renames, and a sync of the folder above.
STEPS = 13
# Runs a hand-over and kills itself at the call COUNT of those that change or sync something.
KILLED = f"""
import sys
from pathlib import Path
from tests.unit.folder.signalled import die_at
from tests.unit.folder.test_handover import CALLS, make
die_at(CALLS, int(sys.argv[2]))
make(Path(sys.argv[1]), {NEW!r})
"""


def make(root: Path, text: str) -> None:
    with writing(root, "train"), handing_over(root / "train") as partial:
        (partial / "data").mkdir()
        (partial / "data" / "test.npz").write_text(text)
        (partial / "train.json").write_text(text)


def state(root: Path) -> str:
    """Return the text of the whole folder that is there."""
    verify(root / "train")
    return (root / "train" / "train.json").read_text()


def in_the_way(root: Path) -> list[str]:
    return [path.name for path in root.iterdir() if left_overs.owner_of(path)]


def path_of(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make(tmp_path / "artifacts", OLD)
    return tmp_path / "artifacts"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A list whose number, once it is there, is that of the call that finds the disk full."""
    at: list[int] = []
    calls = 0

    def wrap(name: str) -> None:
        call = getattr(os, name)

        def run(*arguments: object, **options: object) -> object:
            nonlocal calls
            calls += bool(at)
            if at and calls == at[0]:
                raise OSError(errno.ENOSPC, "No space left on device", "somewhere")
            return call(*arguments, **options)

        monkeypatch.setattr(os, name, run)

    for name in CALLS:
        wrap(name)
    yield at
    at.clear()


def test_each_file_folder_and_the_parent_are_synced_before_it_is_there(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    rename = os.rename

    def noted(source: Path, target: Path) -> None:
        events.append(str(target))
        rename(source, target)

    monkeypatch.setattr(os, "fsync", lambda file: events.append(path_of(file)))
    monkeypatch.setattr(os, "rename", noted)
    make(root, NEW)
    arrived = events.index(str(root / "train"))
    synced = {Path(path).name for path in events[: arrived - 1]}
    assert {"data", "test.npz", "train.json", "SHA256SUMS"} <= synced
    assert str(root) in events[arrived:]


@pytest.mark.parametrize("count", range(1, STEPS + 2))
def test_a_full_disk_leaves_the_old_folder_at_whatever_step(
    root: Path, failing: list[int], count: int
) -> None:
    failing.append(count)
    code = exit_code_of("train", lambda: make(root, NEW))
    failing.clear()
    assert code == (DiskFullError.exit_code if count <= STEPS else 0)
    assert state(root) == (NEW if code == 0 else OLD)
    make(root, NEW)
    assert in_the_way(root) == []


@pytest.mark.parametrize("count", range(1, STEPS + 2))
def test_a_kill_loses_nothing_and_any_command_recovers(root: Path, count: int) -> None:
    command = [sys.executable, "-c", KILLED, str(root), str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True)
    assert done.returncode == (-signal.SIGKILL if count <= STEPS else 0), done.stderr
    with writing(root, "compare"):
        assert state(root) in ((NEW,) if done.returncode == 0 else (OLD, NEW))
        assert in_the_way(root) == []


def test_an_interruption_between_the_renames_puts_the_old_folder_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        if self.suffix == ".new":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make(root, NEW)
    assert state(root) == OLD
    assert in_the_way(root) == []


@pytest.mark.parametrize("name", [".train.new", ".train.old", ".train.abcd1234.gone"])
def test_what_another_stage_left_is_cleared_by_any_command(root: Path, name: str) -> None:
    (root / name / "deep").mkdir(parents=True)
    (root / name / "deep" / "file").touch()
    (root / name / "deep").chmod(0)
    with writing(root, "compare"):
        assert in_the_way(root) == []
    assert state(root) == OLD


@pytest.mark.parametrize("name", [".train.old", ".train.abcd1234.old", ".train.abcd1234.gone"])
def test_what_was_moved_away_is_found_by_any_command(root: Path, name: str) -> None:
    (root / "train").rename(root / name)
    with writing(root, "compare"):
        assert state(root) == OLD


@pytest.mark.parametrize(
    ("user", "words"), [(54321, "by user 54321; .* as its owner"), (0, "by root; .* is immutable")]
)
def test_a_left_over_that_can_not_be_removed_is_one_line(
    user: int, words: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: user)
    (root / ".train.new").mkdir()

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with (
        pytest.raises(NotWritableError, match=rf"train\.new can't be removed {words}"),
        writing(root, "compare"),
    ):
        pytest.fail("it went on")


@pytest.mark.parametrize("name", [".train.new", "train"])
def test_a_mount_within_is_never_removed(
    root: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    mount = root / name / "mnt"
    mount.mkdir(parents=True)
    (mount / "thesis").touch()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == mount)
    with pytest.raises(NotWritableError, match="mnt is a mount point"):
        make(root, NEW)
    assert (mount / "thesis").exists()


@pytest.mark.parametrize("name", ["a b", "a\u3000b", "a\u00a0b", "a\u2028b", "a\x0cb", "a\udcffb"])
def test_mounts_of_the_same_disk_are_known_from_the_kernels_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    mount = tmp_path / name
    mount.mkdir()
    table = tmp_path / "mountinfo"
    place = str(mount).replace(" ", "\\040")
    line = f"36 35 98:0 /mnt {place} rw,noatime - ext4 /dev/root rw\nodd\n"
    table.write_bytes(os.fsencode(line))
    monkeypatch.setattr(trees, "MOUNTS", table)
    assert trees.why_no_folder(mount) == "a mount point"


@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_all_may_read_what_is_handed_over_and_only_its_owner_write_it(
    tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        make(tmp_path / "artifacts", NEW)
    finally:
        os.umask(before)
    paths = [tmp_path / "artifacts" / "train", *(tmp_path / "artifacts" / "train").rglob("*")]
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}
    assert modes == {(True, 0o755), (False, 0o644)}


def test_a_file_that_no_stage_made_is_not_replaced(root: Path) -> None:
    (root / "train" / "data" / "thesis.txt").write_text("years of work")
    with pytest.raises(NotWritableError, match=r"thesis\.txt is there, which no stage made"):
        make(root, NEW)
    assert (root / "train" / "data" / "thesis.txt").read_text() == "years of work"


def test_a_folder_whose_list_lost_a_line_is_made_again(root: Path) -> None:
    listed = (root / "train" / "SHA256SUMS").read_text().splitlines(keepends=True)
    kept = [line for line in listed if not line.endswith("data/test.npz\n")]
    (root / "train" / "SHA256SUMS").write_text("".join(kept))
    make(root, NEW)
    assert state(root) == NEW


@pytest.mark.parametrize("text", ["", "\xa6 no list\n"])
def test_a_folder_whose_list_is_of_no_use_is_made_again(root: Path, text: str) -> None:
    (root / "train" / "SHA256SUMS").write_text(text)
    make(root, NEW)
    assert state(root) == NEW


@pytest.mark.parametrize("kind", ["symlink", "file", "mount"])
def test_what_is_no_folder_of_its_own_is_left_as_it_is(
    root: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (root / "train").rename(root.parent / "elsewhere")
    if kind == "symlink":
        (root / "train").symlink_to("../elsewhere")
    elif kind == "file":
        (root / "train").write_text("a file")
    else:
        (root.parent / "elsewhere").rename(root / "train")
        monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == root / "train")
    before = (root / "train").lstat()
    for stage in ("train", "compare"):
        with (
            pytest.raises(NotWritableError, match=r"train is (a symlink|no folder|a mount point)"),
            writing(root, stage),
        ):
            pytest.fail("it went on")
    assert (root / "train").lstat() == before
