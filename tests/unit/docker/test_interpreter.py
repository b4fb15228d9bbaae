"""Which Python this is, and where another version is."""

import subprocess
import sys
from pathlib import Path

import pytest

from docker.host import interpreter
from tests.commands import run

OTHER = "3.99"


def make_python(folder: Path, script: str) -> str:
    folder.mkdir()
    path = folder / f"python{OTHER}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_the_python_outside_an_environment_is_found_from_within() -> None:
    code = "from docker.host import interpreter; print(interpreter.base_python())"
    within = run(sys.executable, "-c", code).output.strip()
    outside = run(within, "-c", f"import sys; print(sys.prefix == sys.base_prefix); {code}")
    assert outside.output.split() == ["True", within]


def test_python_finds_itself_without_search_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_base_executable", "")
    monkeypatch.setattr(sys, "executable", "")
    assert Path(interpreter.base_python()).samefile("/proc/self/exe")


def test_python_3_10_is_found_outside_the_environment_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/opt/python3.10")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "_base_executable", str(tmp_path / "bin" / "python"))
    assert interpreter.base_python() == "/opt/python3.10"


def test_a_version_is_searched_for_past_what_only_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_python(tmp_path / "shims", "echo not installed >&2; exit 127")
    make_python(tmp_path / "wrong", "echo 3.98")
    right = make_python(tmp_path / "right", f"echo {OTHER}")
    path = ":".join(str(tmp_path / name) for name in ("none", "shims", "wrong"))
    monkeypatch.setenv("PATH", path)
    assert interpreter.find(OTHER) == ""
    monkeypatch.setenv("PATH", f"{path}:{tmp_path}/right")
    assert interpreter.find(OTHER) == right


def test_this_python_is_taken_for_its_own_version() -> None:
    own = ".".join(str(part) for part in sys.version_info[:2])
    assert interpreter.find(own) == interpreter.base_python()


def test_a_python_that_never_answers_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreter, "TIMEOUT_S", 0.05)
    python = make_python(tmp_path / "mute", "exec sleep 60")
    assert interpreter.output_of([python]) == ""


def test_an_environment_is_known_in_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "a b\nc" / "venv"
    make = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(make, check=True, stdin=subprocess.DEVNULL)
    assert interpreter.identity_in(folder)
    assert interpreter.identity_in(folder.parent) == b""
