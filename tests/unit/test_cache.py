"""What the cache promises: made once, and again when it is damaged."""

from pathlib import Path
from typing import Any

import pytest

from stages.cache import cached


@pytest.fixture
def made(tmp_path: Path) -> Any:
    calls = []

    def make(folder: Path) -> Any:
        calls.append(folder)
        (folder / "weights").write_bytes(b"weights")

    cached(tmp_path / "module", make)
    return tmp_path / "module", make, calls


def test_second_use_makes_nothing(made: Any) -> None:
    folder, make, calls = made
    assert cached(folder, make) == str(folder)
    assert len(calls) == 1


@pytest.mark.parametrize("damage", [lambda f: f.write_bytes(b"other"), lambda f: f.unlink()])
def test_damaged_folder_is_reported_and_made_again(
    made: Any, damage: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, make, calls = made
    damage(folder / "weights")
    cached(folder, make)
    assert len(calls) == 2
    assert (folder / "weights").read_bytes() == b"weights"
    assert "damaged" in capsys.readouterr().out


def test_failure_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    def fail(folder: Path) -> Any:
        (folder / "weights").write_bytes(b"half")
        raise OSError("cut off")

    with pytest.raises(OSError, match="cut off"):
        cached(tmp_path / "module", fail)
    assert list(tmp_path.iterdir()) == []
