import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from stages.common.host import core_lock
from stages.common.host.core_lock import CONTAINER, holding
from stages.common.host.lock_holder import holder_of
from stages.errors import CoresBusyError, NotWritableError
from stages.program.printable import printable

ROOT = Path(__file__).parents[4]
HOLDER = """
import sys
from pathlib import Path
from stages.common.host.core_lock import holding

with holding([0, 1], "profile", Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds cores 0 and 1."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def refusal(folder: Path) -> str:
    with pytest.raises(CoresBusyError) as caught, holding([1, 2], "peers", folder):
        pytest.fail("it was held twice")
    return str(caught.value)


def test_another_process_is_told_who_holds_a_core_and_how_to_end_it(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    message = refusal(tmp_path)
    assert message.startswith(f"core 1 is held by process {holder.pid} of user ")
    assert f"`kill {holder.pid}` ends it" in message or "`docker rm --force " in message
    assert "set VGG19_CORES to others" in message
    with holding([2], "peers", tmp_path):
        pass
    holder.kill()
    holder.wait()
    with holding([0, 1, 2], "peers", tmp_path):
        pass


def test_the_kernel_is_believed_and_not_what_someone_wrote_into_the_lock(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    (tmp_path / "core-1.lock").write_text("nobody in container innocent since ever")
    assert "innocent" not in refusal(tmp_path)


def test_they_are_free_again_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), holding([0], "profile", tmp_path):
        raise ZeroDivisionError
    with holding([0], "profile", tmp_path):
        pass


def test_any_user_may_come_next(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with holding([3], "profile", tmp_path):
            pass
    finally:
        os.umask(before)
    (lock,) = tmp_path.iterdir()
    assert lock.stat().st_mode & 0o777 == 0o666


def test_a_container_is_named_in_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTAINER, "vgg19-12-profile-3")
    with holding([3], "profile", tmp_path):
        (lock,) = tmp_path.iterdir()
        assert lock.read_text().startswith("profile in container vgg19-12-profile-3 since 2")


@pytest.mark.parametrize("kind", ["symbolic link", "second name", "fifo", "folder"])
def test_what_is_no_lock_is_neither_locked_nor_changed(kind: str, tmp_path: Path) -> None:
    folder, victim = tmp_path / "locks", tmp_path / "victim"
    folder.mkdir()
    victim.write_text("precious")
    lock = folder / "core-0.lock"
    if kind == "symbolic link":
        lock.symlink_to(victim)
    elif kind == "second name":
        lock.hardlink_to(victim)
    elif kind == "fifo":
        os.mkfifo(lock)
    else:
        lock.mkdir()
    with pytest.raises(NotWritableError, match=r"core-0\.lock can't be used"):  # noqa: SIM117
        with holding([0], "profile", folder):
            pytest.fail("it was held")
    assert victim.read_text() == "precious"


def test_what_a_stranger_wrote_into_a_lock_can_not_steer_a_terminal(
    holder: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As within a container, which sees no process of another.
    monkeypatch.setattr(core_lock, "holder_of", partial(holder_of, proc=tmp_path / "nothing"))
    (tmp_path / "core-1.lock").write_text("\x1b[2Jme\nfake: error in container $(reboot) since")
    message = refusal(tmp_path)
    assert message == printable(message)
    assert r"another run, which says of itself: \x1b[2Jme\n" in message
    assert "docker rm" not in message


def test_a_disk_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(NotWritableError, match="without locks"), holding([0], "peers", tmp_path):
        pass
