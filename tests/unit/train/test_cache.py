"""What the cache promises: made once, and again when it is damaged."""

import pytest

from stages.train.cache import cached


@pytest.fixture
def made(tmp_path):
    calls = []

    def make(folder):
        calls.append(folder)
        (folder / "weights").write_bytes(b"weights")

    cached(tmp_path / "module", make)
    return tmp_path / "module", make, calls


def test_second_use_makes_nothing(made):
    folder, make, calls = made
    assert cached(folder, make) == str(folder)
    assert len(calls) == 1


@pytest.mark.parametrize("damage", [lambda f: f.write_bytes(b"other"), lambda f: f.unlink()])
def test_damaged_folder_is_reported_and_made_again(made, damage, capsys):
    folder, make, calls = made
    damage(folder / "weights")
    cached(folder, make)
    assert len(calls) == 2
    assert (folder / "weights").read_bytes() == b"weights"
    assert "damaged" in capsys.readouterr().out


def test_failure_leaves_nothing_that_looks_complete(tmp_path):
    def fail(folder):
        (folder / "weights").write_bytes(b"half")
        raise OSError("cut off")

    with pytest.raises(OSError, match="cut off"):
        cached(tmp_path / "module", fail)
    assert list(tmp_path.iterdir()) == []
