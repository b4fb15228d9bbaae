"""Files of the user's that are replaced as a whole, or not at all."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from docker.host import env_file, launcher
from docker.host.at_once import write_at_once
from stages.files import left_overs

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("old")
    return path


def fail(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let what is written fail when it has a part of its content."""

    class Failing:
        def __init__(self, descriptor: int, _: str) -> None:
            self.descriptor = descriptor

        def __enter__(self) -> "Failing":
            return self

        def __exit__(self, *_: object) -> None:
            os.close(self.descriptor)

        def write(self, content: bytes) -> None:
            os.write(self.descriptor, content[:1])
            raise error

    monkeypatch.setattr("docker.host.at_once.open", Failing, raising=False)


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()])
def test_if_it_fails_the_old_one_is_left_and_nothing_else(
    error: BaseException, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, error)
    with pytest.raises(type(error)):
        write_at_once(file, b"new", 0o644)
    assert file.read_text() == "old"
    assert list(file.parent.iterdir()) == [file]


def test_on_a_full_disk_the_file_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "bin").mkdir()
    fail(monkeypatch, FULL)
    with pytest.raises(OSError, match=rf"No space left on device: '{file}'"):
        env_file.write({"STAGES_UID": "1"}, file)
    with pytest.raises(OSError, match=r"No space left on device: '.*/bin/invoke'"):
        launcher.write(file.parent)


def test_nobody_else_can_read_it_before_it_is_whole(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    new_file = left_overs.new_file

    def noting(path: Path) -> Any:
        made = new_file(path)
        modes.append(made[1].stat().st_mode & 0o777)
        return made

    monkeypatch.setattr(left_overs, "new_file", noting)
    file.chmod(0o600)
    env_file.write({"STAGES_UID": "1"}, file)
    assert (modes, file.stat().st_mode & 0o777) == ([0o600], 0o600)


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_env_has_the_mode_that_the_umask_leaves(
    umask: int, mode: int, tmp_path: Path
) -> None:
    before = os.umask(umask)
    try:
        env_file.write({"STAGES_UID": "1"}, tmp_path / ".env")
    finally:
        os.umask(before)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_it_stays_with_its_owner(file: Path) -> None:
    os.chown(file, 4_000_123, 4_000_124)
    write_at_once(file, b"new", 0o644)
    assert (file.stat().st_uid, file.stat().st_gid) == (4_000_123, 4_000_124)


def test_what_a_kill_left_is_removed_by_the_next_but_nothing_of_others(file: Path) -> None:
    killed, other = (left_overs.new_file(path)[1] for path in (file, file.with_name("other")))
    for path in (killed, other):
        os.utime(path, (1, 1))
    in_use = left_overs.new_file(file)[1]
    write_at_once(file, b"new", 0o644)
    assert (killed.exists(), other.exists(), in_use.exists()) == (False, True, True)
