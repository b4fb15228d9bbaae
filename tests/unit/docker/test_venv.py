"""Virtual environments: what is used again, and what is made again."""

import fcntl
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from docker.host import interpreter, venv, venv_command, venv_stamp
from docker.host.interpreter import base_python
from docker.host.venv_command import run_into
from stages.errors import DiskFullError
from tests.commands import run
from tests.unit.docker.environments import WHOLE, locks, packages_of, steps

__all__ = ["locks", "steps"]  # fixtures


def test_it_is_made_once(steps: list[str], locks: list[Path], tmp_path: Path) -> None:
    python = venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert venv.get_or_create(tmp_path / "venv", base_python, locks) == python
    assert steps == WHOLE
    assert run(str(python), "-c", "print(1)").output == "1\n"


def test_more_locks_are_added(steps: list[str], locks: list[Path], tmp_path: Path) -> None:
    venv.get_or_create(tmp_path / "venv", base_python, locks[:1])
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    venv.get_or_create(tmp_path / "venv", base_python, locks[:1])
    assert steps == WHOLE


def test_without_a_pip_that_runs_nothing_is_added_to_it(
    steps: list[str], locks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.get_or_create(tmp_path / "venv", base_python, locks[:1])
    monkeypatch.setattr(venv, "_pip_runs", lambda _: False)
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == ["created", "first", *WHOLE]


def test_that_of_another_clone_is_noted_if_it_has_other_packages(
    steps: list[str], locks: list[Path], tmp_path: Path
) -> None:
    other, here = tmp_path / "other", tmp_path / "here"
    other.mkdir()
    venv.get_or_create(other / "venv", base_python, locks[:1])
    assert venv_stamp.note_on_another(other / "venv", here, locks[0]) == ""
    note = venv_stamp.note_on_another(other / "venv", here, locks[1])
    assert note.startswith(f"note: {other}/venv is another clone's environment, whose packages")
    assert venv_stamp.note_on_another(other / "venv", other, locks[1]) == ""
    assert venv_stamp.note_on_another(tmp_path, here, locks[1]) == ""


def test_another_lock_makes_it_again(steps: list[str], locks: list[Path], tmp_path: Path) -> None:
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    locks[0].write_text("changed")
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == WHOLE * 2


def test_another_version_of_python_at_the_same_path_makes_it_again(
    steps: list[str], locks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    upgraded = interpreter.PROBE.replace("sys.version", "'3.13.0'")
    monkeypatch.setattr(interpreter, "PROBE", upgraded)
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == WHOLE * 2


def another_python() -> str:
    raise AssertionError("another Python was asked for")


def test_one_that_another_python_has_made_is_used_and_added_to(
    steps: list[str], locks: list[Path], tmp_path: Path
) -> None:
    venv.get_or_create(tmp_path / "venv", base_python, locks[:1])
    assert not venv.must_be_created(tmp_path / "venv", locks)
    venv.get_or_create(tmp_path / "venv", another_python, locks[:1])
    venv.get_or_create(tmp_path / "venv", another_python, locks)
    assert steps == WHOLE


def test_one_that_can_not_be_made_again_stays_as_it_was(
    steps: list[str], locks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = venv.get_or_create(tmp_path / "venv", base_python, locks)
    before = packages_of(tmp_path / "venv")
    locks[0].write_text("changed")

    def fail(*_: object) -> None:
        raise venv.VenvError("no index")

    monkeypatch.setattr(venv, "_install", fail)
    with pytest.raises(venv.VenvError, match="no index"):
        venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert packages_of(tmp_path / "venv") == before
    assert run(str(python), "-c", "print(1)").output == "1\n"
    assert [path.name for path in tmp_path.glob("venv*")] == ["venv"]


def test_in_a_moved_folder_it_is_made_again(
    steps: list[str], locks: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "old").mkdir()
    venv.get_or_create(tmp_path / "old" / "venv", base_python, locks)
    (tmp_path / "old").rename(tmp_path / "new")
    python = venv.get_or_create(tmp_path / "new" / "venv", base_python, locks)
    assert steps == WHOLE * 2
    within = run(str(python), "-c", "import sys; print(sys.prefix)").output.strip()
    assert within == str(tmp_path / "new" / "venv")


def remove_python(folder: Path) -> None:
    (folder / "bin" / "python").unlink()


def break_python(folder: Path) -> None:
    remove_python(folder)
    (folder / "bin" / "python").symlink_to("/nowhere/python3.9")


def put_another_machines_python(folder: Path) -> None:
    remove_python(folder)
    (folder / "bin" / "python").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(57))
    (folder / "bin" / "python").chmod(0o755)


def remove_package(folder: Path) -> None:
    (packages_of(folder) / "first").rmdir()


def remove_stamp(folder: Path) -> None:
    (folder / venv_stamp.FILE).unlink()


def cut_stamp(folder: Path) -> None:
    (folder / venv_stamp.FILE).write_text('{"locks": [')


def empty_it(folder: Path) -> None:
    subprocess.run(["rm", "-r", folder], check=True)
    folder.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        *(remove_python, break_python, put_another_machines_python),
        *(remove_package, remove_stamp, cut_stamp, empty_it),
    ],
)
def test_a_damaged_one_is_made_again(
    damage: Callable[[Path], None], steps: list[str], locks: list[Path], tmp_path: Path
) -> None:
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    damage(tmp_path / "venv")
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == WHOLE * 2


def test_one_without_all_packages_gets_the_others(
    steps: list[str], locks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = venv._install

    def fail(folder: Path, lock: Path, descriptor: int) -> None:
        if lock.name == "second":
            raise venv.VenvError("no such package")
        install(folder, lock, descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(venv, "_install", fail)
        with pytest.raises(venv.VenvError):
            venv.get_or_create(tmp_path / "venv", base_python, locks)
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == WHOLE


@pytest.mark.parametrize("error", [KeyboardInterrupt(), venv.VenvError("broken off")])
def test_one_that_was_cut_off_in_a_package_is_made_again(
    error: BaseException,
    steps: list[str],
    locks: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def install_half(folder: Path, _lock: Path, _descriptor: int) -> None:
        (packages_of(folder) / "half").mkdir()
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(venv, "_install", install_half)
        with pytest.raises(type(error)):
            venv.get_or_create(tmp_path / "venv", base_python, locks)
        assert not (tmp_path / "venv").exists()
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == ["created", *WHOLE]


@pytest.mark.parametrize("name", ["venv", "venv.old"])
def test_what_a_kill_left_is_removed_first_and_said(
    name: str,
    steps: list[str],
    locks: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    venv.get_or_create(tmp_path / name, base_python, locks)
    venv_stamp.write_stamp(tmp_path / name, None)
    create = venv._create

    def create_alone(folder: Path, python: str, descriptor: int) -> None:
        assert [path.name for path in tmp_path.glob("venv*")] == []
        create(folder, python, descriptor)

    monkeypatch.setattr(venv, "_create", create_alone)
    venv.get_or_create(tmp_path / "venv", base_python, locks)
    assert steps == WHOLE * 2
    assert f"removing {name}, which a command left that was ended" in capsys.readouterr().out


def test_a_python_that_does_not_run_is_named(locks: list[Path], tmp_path: Path) -> None:
    with pytest.raises(venv.VenvError, match="/nowhere/python does not run"):
        venv.get_or_create(tmp_path / "venv", lambda: "/nowhere/python", locks)


def test_a_second_process_waits_and_finds_it_made(
    steps: list[str], locks: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    second = threading.Thread(
        target=venv.get_or_create, args=(tmp_path / "venv", base_python, locks)
    )
    second.start()
    while not (shown := capsys.readouterr().out) and second.is_alive():
        second.join(timeout=0.02)
    assert shown == "waiting for another process that sets up venv\n"
    assert not (tmp_path / "venv").exists()
    os.close(descriptor)
    second.join()
    assert steps == WHOLE


@pytest.mark.parametrize("mask", [0o077, 0o000])
def test_others_can_read_and_not_write_it_whatever_the_umask(
    mask: int, steps: list[str], locks: list[Path], tmp_path: Path
) -> None:
    before = os.umask(mask)
    try:
        venv.get_or_create(tmp_path / "venv", base_python, locks)
    finally:
        os.umask(before)
    files = [*(tmp_path / "venv" / "bin").iterdir(), tmp_path / "venv" / venv_stamp.FILE]
    modes = {path: path.stat().st_mode & 0o777 for path in files}
    assert {mode & 0o022 for mode in modes.values()} == {0}
    assert {mode & 0o044 for mode in modes.values()} == {0o044}
    assert steps == WHOLE


def test_a_full_disk_has_its_own_code(
    locks: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo 3.11 && exit\n'
        'echo "[Errno 28] No space left on device"\nexit 1\n'
    )
    python.chmod(0o755)
    with pytest.raises(DiskFullError, match=r"no space left for .*venv; free some"):
        venv.get_or_create(tmp_path / "venv", lambda: str(python), locks)
    assert "No space left" in capsys.readouterr().err


def test_what_it_runs_is_ended_if_it_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(venv_command, "_shown", interrupted)
    unpacks = ["sh", "-c", "mktemp -d; exec sleep 60"]
    began = time.monotonic()
    with (tmp_path / "lock").open("w") as lock, pytest.raises(KeyboardInterrupt):
        run_into(tmp_path, unpacks, {**os.environ, "TMPDIR": "/nowhere"}, lock.fileno())
    assert time.monotonic() - began < 30
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_what_it_unpacks_is_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    elsewhere = {**os.environ, "TMPDIR": str(tmp_path)}
    unpacks = ["sh", "-c", "mktemp -d; exit 1"]
    with (tmp_path / "lock").open("w") as lock:
        printed = run_into(tmp_path / "venv", unpacks, elsewhere, lock.fileno())
    assert printed
    assert printed.startswith(f"{tmp_path}/venv/tmp/")
