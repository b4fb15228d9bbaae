"""What the embedded data set promises through tensorflow-datasets; with the real library."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.errors import InputCorruptError
from stages.settings import Settings
from stages.train.splits import Splits

pytest.importorskip("tensorflow_datasets")
pytestmark = pytest.mark.image

SIZES: dict[str, Any] = {"train_samples": 18, "validation_samples": 6, "test_samples": 9}
SETS = ("train", "calibration", "validation", "test")


def load(cache: Path, seed: int = 0, shown: Any = None) -> Any:
    from stages.train.data import load_splits

    settings = Settings(seed=seed, calibration_samples=7, **SIZES)
    shown = [] if shown is None else shown
    return load_splits(settings, cache, lambda done, total: shown.append((done, total)))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def splits(cache: Path) -> Any:
    return load(cache)


def test_sizes_are_those_asked_for(splits: Splits) -> None:
    assert splits.sizes() == {"train": 11, "calibration": 7, "validation": 6, "test": 9}


def test_no_image_is_in_two_sets(splits: Splits) -> None:
    images = [image for name in SETS for image in getattr(splits, name).images]
    assert len({hashlib.sha256(image.tobytes()).digest() for image in images}) == 33


def test_classes_are_in_the_order_of_beans_and_in_every_set(splits: Splits) -> None:
    assert splits.classes == ("angular_leaf_spot", "bean_rust", "healthy")
    assert all(set(getattr(splits, name).labels) == {0, 1, 2} for name in SETS)


def test_images_are_those_drawn_bit_for_bit(splits: Splits) -> None:
    from stages.train.leaves import draw_leaf

    drawn = draw_leaf(1, np.random.default_rng([0, 2, 4]))
    assert (splits.test.images[4] == drawn).all()


def test_second_load_draws_nothing_and_gives_the_same_images(splits: Splits, cache: Path) -> None:
    shown: list[tuple[int, int]] = []
    again = load(cache, shown=shown)
    assert shown == []
    assert again.source == splits.source


def test_another_seed_gives_other_images(splits: Splits, cache: Path) -> None:
    assert load(cache, seed=1).source.sha256 != splits.source.sha256


def test_a_damaged_cache_is_named(tmp_path: Path) -> None:
    load(tmp_path)
    record = next(tmp_path.rglob("*test.tfrecord*"))
    content = bytearray(record.read_bytes())
    content[len(content) // 2] ^= 1
    record.write_bytes(content)
    with pytest.raises(InputCorruptError, match="damaged"):
        load(tmp_path)
