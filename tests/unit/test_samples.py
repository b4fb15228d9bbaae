from pathlib import Path

import numpy as np
import pytest

from stages.errors import InputCorruptError
from stages.samples import Samples, load_samples


def some(count: int) -> Samples:
    images = np.random.default_rng(0).integers(0, 256, (count, 224, 224, 3), dtype=np.uint8)
    return Samples(images, np.arange(count))


def test_samples_come_back_as_they_were(tmp_path: Path) -> None:
    some(3).save(tmp_path / "data" / "test.npz")
    loaded = load_samples(tmp_path / "data" / "test.npz")
    assert np.array_equal(loaded.images, some(3).images)
    assert loaded.labels.tolist() == [0, 1, 2]


def test_equal_samples_give_equal_bytes_at_any_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(2).save(tmp_path / "a.npz")
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    some(2).save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_batch_is_model_input() -> None:
    batch = some(5).batch(4, 4)
    assert batch.shape == (1, 224, 224, 3)
    assert batch.dtype == np.float32
    assert 0 <= batch.min() < batch.max() <= 1


def test_damage_and_other_shapes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "test.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(InputCorruptError):
        load_samples(path)
    np.savez(path, images=np.zeros((1, 32, 32, 3), np.uint8), labels=np.zeros(1, np.int64))
    with pytest.raises(InputCorruptError, match="another shape"):
        load_samples(path)
