"""What several tests of virtual environments start from: real ones, without pip."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from docker.host import interpreter, venv

PYTHON = interpreter.base_python()
WHOLE = ["created", "first", "second"]


def packages_of(folder: Path) -> Path:
    return next(folder.glob("lib/python3*/site-packages"))


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps that were carried out, in order."""
    steps: list[str] = []
    really_run = venv._run

    def make(
        command: Sequence[str], remedy: str, folder: Path, environ: Mapping[str, str], lock: int
    ) -> None:
        really_run([*command, "--without-pip"], remedy, folder, environ, lock)
        steps.append("created")

    def install(folder: Path, lock: Path, _descriptor: int) -> None:
        (packages_of(folder) / lock.name).mkdir()
        steps.append(lock.name)

    monkeypatch.setattr(venv, "_run", make)
    monkeypatch.setattr(venv, "_install", install)
    monkeypatch.setattr(venv, "_pip_runs", lambda _: True)
    return steps


@pytest.fixture
def locks(tmp_path: Path) -> list[Path]:
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    return [tmp_path / "first", tmp_path / "second"]
