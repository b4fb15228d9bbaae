import errno
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.errors import InputCorruptError, NotWritableError
from stages.samples import NPY, Samples, load_samples


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
    for shape in ((1, 32, 32, 1), (1, 0, 32, 3), (1, 32, 3)):
        np.savez(path, images=np.zeros(shape, np.uint8), labels=np.zeros(1, np.int64))
        with pytest.raises(InputCorruptError, match=r"images is uint8 \[1, .*\], not"):
            load_samples(path)


def test_images_of_any_size_are_taken(tmp_path: Path) -> None:
    images = np.arange(2 * 8 * 9 * 3, dtype=np.uint8).reshape(2, 8, 9, 3)
    Samples(images, np.arange(2)).save(tmp_path / "test.npz")
    assert np.array_equal(load_samples(tmp_path / "test.npz").images, images)


def forms(folder: Path) -> Iterator[Path]:
    """Archives that numpy would read, or try to."""
    labels = np.zeros(1, np.int64)
    pairs: list[tuple[Any, Any]] = [
        (np.zeros((1, 224, 224, 3), np.float32), labels),
        (np.zeros((1, 224, 224, 3), np.uint8), np.zeros((1, 1), np.int64)),
        (np.zeros((1, 224, 224, 3), np.uint8), np.array(0)),
        (np.zeros((1, 224, 224, 3), np.uint8), np.array(["0"])),
        (np.asfortranarray(np.zeros((2, 224, 224, 3), np.uint8)), labels),
        (np.array([{}], object), labels),
    ]
    for number, (images, of) in enumerate(pairs):
        np.savez(folder / f"{number}.npz", images=images, labels=of)
        yield folder / f"{number}.npz"
    bomb = np.zeros((100, 224, 224, 3), np.uint8)
    np.savez_compressed(folder / "bomb.npz", images=bomb, labels=np.zeros(100, np.int64))
    yield folder / "bomb.npz"
    with zipfile.ZipFile(folder / "claims.npz", "w") as archive:
        header = io.BytesIO()
        claim = {"descr": "|u1", "fortran_order": False, "shape": (10**15, 224, 224, 3)}
        NPY.write_array_header_1_0(header, claim)
        archive.writestr("images.npy", header.getvalue())
        archive.writestr("labels.npy", header.getvalue())
    yield folder / "claims.npz"


def test_every_other_form_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    for path in forms(tmp_path):
        with pytest.raises(InputCorruptError, match="run train again"):
            load_samples(path)


def test_what_the_disk_refuses_is_no_damage_of_the_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(1).save(tmp_path / "test.npz")
    monkeypatch.setattr(zipfile.ZipFile, "open", refused_by_disk)
    with pytest.raises(NotWritableError, match="Input/output error"):
        load_samples(tmp_path / "test.npz")


def refused_by_disk(*_: object) -> None:
    raise OSError(errno.EIO, "Input/output error")
