from pathlib import Path

import pytest

from docker.host import venv


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, in order, instead of doing it."""
    done: list[str] = []

    def make(folder: Path, _python: str) -> None:
        folder.mkdir(exist_ok=True)
        (folder / venv.STAMP).unlink(missing_ok=True)
        done.append("made")

    monkeypatch.setattr(venv, "_make", make)
    monkeypatch.setattr(venv, "_install", lambda _folder, lock: done.append(lock.name))
    return done


@pytest.fixture
def locks(tmp_path: Path) -> list[Path]:
    for name in ("first", "second"):
        (tmp_path / name).write_text(name)
    return [tmp_path / "first", tmp_path / "second"]


def test_it_is_made_once(made: list[str], locks: list[Path], tmp_path: Path) -> None:
    python = venv.ensure(tmp_path / "venv", "python3", locks)
    assert venv.ensure(tmp_path / "venv", "python3", locks) == python
    assert made == ["made", "first", "second"]


def test_more_locks_are_added(made: list[str], locks: list[Path], tmp_path: Path) -> None:
    venv.ensure(tmp_path / "venv", "python3", locks[:1])
    venv.ensure(tmp_path / "venv", "python3", locks)
    venv.ensure(tmp_path / "venv", "python3", locks[:1])
    assert made == ["made", "first", "second"]


def test_another_lock_makes_it_anew(made: list[str], locks: list[Path], tmp_path: Path) -> None:
    venv.ensure(tmp_path / "venv", "python3", locks)
    locks[0].write_text("changed")
    venv.ensure(tmp_path / "venv", "python3", locks)
    assert made == ["made", "first", "second"] * 2


def test_another_python_makes_it_anew(made: list[str], locks: list[Path], tmp_path: Path) -> None:
    venv.ensure(tmp_path / "venv", "python3", locks)
    venv.ensure(tmp_path / "venv", "python3.11", locks)
    assert made == ["made", "first", "second"] * 2


def test_one_half_made_is_finished(
    made: list[str], locks: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_folder: Path, lock: Path) -> None:
        if lock.name == "second":
            raise venv.VenvError("no such package")

    with monkeypatch.context() as patch:
        patch.setattr(venv, "_install", fail)
        with pytest.raises(venv.VenvError):
            venv.ensure(tmp_path / "venv", "python3", locks)
    venv.ensure(tmp_path / "venv", "python3", locks)
    assert made == ["made", "second"]
