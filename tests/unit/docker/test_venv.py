import sys
from pathlib import Path

import pytest

from docker.host import venv
from tests.commands import run


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps that were asked for, in order; none is carried out."""
    steps: list[str] = []

    def create(folder: Path, _python: str) -> None:
        folder.mkdir(exist_ok=True)
        (folder / venv.STAMP).unlink(missing_ok=True)
        steps.append("created")

    monkeypatch.setattr(venv, "_create", create)
    monkeypatch.setattr(venv, "_install", lambda _folder, lock: steps.append(lock.name))
    return steps


@pytest.fixture
def locks(tmp_path: Path) -> list[Path]:
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    return [tmp_path / "first", tmp_path / "second"]


def test_it_is_made_once(steps: list[str], locks: list[Path], tmp_path: Path) -> None:
    python = venv.get_or_create(tmp_path / "venv", "python3", locks)
    assert venv.get_or_create(tmp_path / "venv", "python3", locks) == python
    assert steps == ["created", "first", "second"]


def test_more_locks_are_added(steps: list[str], locks: list[Path], tmp_path: Path) -> None:
    venv.get_or_create(tmp_path / "venv", "python3", locks[:1])
    venv.get_or_create(tmp_path / "venv", "python3", locks)
    venv.get_or_create(tmp_path / "venv", "python3", locks[:1])
    assert steps == ["created", "first", "second"]


def test_another_lock_makes_it_anew(steps: list[str], locks: list[Path], tmp_path: Path) -> None:
    venv.get_or_create(tmp_path / "venv", "python3", locks)
    locks[0].write_text("changed")
    venv.get_or_create(tmp_path / "venv", "python3", locks)
    assert steps == ["created", "first", "second"] * 2


def test_another_python_makes_it_anew(steps: list[str], locks: list[Path], tmp_path: Path) -> None:
    venv.get_or_create(tmp_path / "venv", "python3", locks)
    venv.get_or_create(tmp_path / "venv", "python3.11", locks)
    assert steps == ["created", "first", "second"] * 2


def test_one_half_made_is_finished(
    steps: list[str], locks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_folder: Path, lock: Path) -> None:
        if lock.name == "second":
            raise venv.VenvError("no such package")

    with monkeypatch.context() as patch:
        patch.setattr(venv, "_install", fail)
        with pytest.raises(venv.VenvError):
            venv.get_or_create(tmp_path / "venv", "python3", locks)
    venv.get_or_create(tmp_path / "venv", "python3", locks)
    assert steps == ["created", "second"]


def test_the_python_outside_an_environment_is_found_from_within() -> None:
    code = "from docker.host import venv; print(venv.base_python())"
    within = run(sys.executable, "-c", code).output.strip()
    outside = run(within, "-c", f"import sys; print(sys.prefix == sys.base_prefix); {code}")
    assert outside.output.split() == ["True", within]
