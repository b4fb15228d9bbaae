"""What the kernel says of the holder of a lock; the files are those of a made-up /proc."""

import os
from pathlib import Path

import pytest

from stages.common.host.lock_holder import LockOwner, holder_of

ID = "0123456789ab" + 52 * "c"


def kernel(folder: Path, file: Path, command: str, cgroup: str = "0::/user.slice\n") -> Path:
    """Write a /proc in which process 7 holds a lock on `file`, for which process 8 waits."""
    state = file.stat()
    device = f"{os.major(state.st_dev):02x}:{os.minor(state.st_dev):02x}:{state.st_ino}"
    (folder / "7").mkdir(parents=True)
    (folder / "7/cmdline").write_bytes(command.encode(errors="surrogateescape"))
    (folder / "7/cgroup").write_text(cgroup)
    (folder / "locks").write_text(
        f"1: FLOCK  ADVISORY  WRITE 6 {device}9 0 EOF\n2: broken\n"
        f"3: FLOCK  ADVISORY  WRITE 7 {device} 0 EOF\n"
        f"3: -> FLOCK  ADVISORY  WRITE 8 {device} 0 EOF\n"
    )
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "lock").touch()
    return tmp_path / "lock"


def test_a_process_of_the_host_is_named_with_its_user(file: Path, tmp_path: Path) -> None:
    proc = kernel(tmp_path / "proc", file, "python3\0-m\0stages.profile\0")
    holder = holder_of(file.stat(), "text", proc)
    assert holder.words.startswith("process 7 of user ")
    assert holder.words.endswith(" (python3 -m stages.profile)")
    assert holder.command == "kill 7"


@pytest.mark.parametrize(
    "cgroup", [f"11:memory:/docker/{ID}\n", f"0::/system.slice/docker-{ID}.scope\n"]
)
def test_of_a_container_the_kernel_knows_the_number(
    cgroup: str, file: Path, tmp_path: Path
) -> None:
    proc = kernel(tmp_path / "proc", file, "python3\0", cgroup)
    holder = holder_of(file.stat(), "in container other since", proc)
    assert " in container 0123456789ab (" in holder.words
    assert holder.command == "docker rm --force 0123456789ab"


def test_the_command_reaches_an_engine_elsewhere_from_where_the_user_is(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGES_CLIENT", "docker --host ssh://me@vm")
    holder = holder_of(file.stat(), "profile in container vgg19-1-profile-2 since", tmp_path)
    assert holder.command == "docker --host ssh://me@vm rm --force vgg19-1-profile-2"
    proc = kernel(tmp_path / "proc", file, "python3\0", f"0::/system.slice/docker-{ID}.scope\n")
    command = holder_of(file.stat(), "", proc).command
    assert command == "docker --host ssh://me@vm rm --force 0123456789ab"


def test_a_command_can_not_steer_a_terminal(file: Path, tmp_path: Path) -> None:
    proc = kernel(tmp_path / "proc", file, "\x1b[31m\n\udcff" + 500 * "x")
    words = holder_of(file.stat(), "", proc).words
    assert words.isprintable()
    assert len(words) < 200


def test_where_the_kernel_shows_nothing_the_text_must_do(file: Path, tmp_path: Path) -> None:
    said = "profile in container vgg19-1-profile-2 since 2030-01-02 03:04:05 UTC"
    assert holder_of(file.stat(), said, tmp_path) == LockOwner(
        f"another run, which says of itself: {said}", "docker rm --force vgg19-1-profile-2"
    )
    assert holder_of(file.stat(), "", tmp_path) == LockOwner("another run")


@pytest.mark.parametrize("name", ["-rf", "a;reboot", "$(reboot)", "a`b`", "ä", 101 * "a"])
def test_only_what_can_be_a_name_becomes_part_of_a_command(
    name: str, file: Path, tmp_path: Path
) -> None:
    assert not holder_of(file.stat(), f"x in container {name} since", tmp_path).command
