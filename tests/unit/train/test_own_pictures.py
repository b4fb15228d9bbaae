"""A folder of pictures as train loads it: which images, what is said, what is noticed."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.errors import DataError
from stages.settings import Settings

pytest.importorskip("tensorflow_datasets")
pytestmark = pytest.mark.image


def load(folder: Path, said: list[str] | None = None, **given: Any) -> Any:
    from stages.train.data import load_splits

    say = (said if said is not None else []).append
    settings = Settings(**{"data": str(folder), "calibration_samples": 2, **given})
    return load_splits(settings, folder / ".cache", lambda *_: None, (32, 32, 3), say)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from tests.unit.train.photographs import photographs

    return photographs(tmp_path / "flowers", 20)


def test_all_pictures_are_divided_and_what_was_done_is_said(folder: Path) -> None:
    said: list[str] = []
    splits = load(folder, said)
    assert splits.sizes() == {"train": 26, "calibration": 2, "validation": 6, "test": 6}
    assert splits.classes == ("roses", "tulips")
    assert splits.test.images.shape == (6, 32, 32, 3)
    assert splits.source.name == "given/flowers"
    assert splits.files_sha256[:12] in splits.source.origin
    assert said == [
        "2 classes; pictures there: train 40; taken: train 28, test 6, validation 6",
        "validation and test: set aside from train, by the seed",
    ]


def test_the_same_pictures_give_the_same_in_any_folder(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy" / "flowers")
    first, again = load(folder), load(tmp_path / "copy" / "flowers")
    assert (again.source, again.files_sha256) == (first.source, first.files_sha256)
    assert (again.train.images == first.train.images).all()


def test_a_picture_that_changed_is_noticed(folder: Path) -> None:
    from tests.unit.train.photographs import photograph

    before = load(folder)
    photograph(folder / "roses" / "3.jpg", 77)
    after = load(folder)
    assert after.files_sha256 != before.files_sha256
    assert after.source.sha256 != before.source.sha256


def test_the_hash_before_reading_is_that_of_what_was_read(folder: Path) -> None:
    from stages.train.__main__ import _pictures_sha256

    (folder / "roses" / "0.jpg").write_bytes(b"damaged")
    assert load(folder).files_sha256 == _pictures_sha256(Settings(data=str(folder)))


def test_what_can_not_be_read_is_counted_named_and_left_out(folder: Path) -> None:
    for number in range(5):
        path = folder / "tulips" / f"{number}.jpg"
        path.write_bytes(path.read_bytes()[:-20] if number else b"")
    said: list[str] = []
    splits = load(folder, said)
    assert sum(splits.sizes().values()) == 35
    (line,) = (line for line in said if "can't be read" in line)
    assert line.startswith("5 can't be read as pictures and are left out: tulips/")
    (taken,) = (line.partition("taken: ")[2] for line in said if "taken: " in line)
    assert sum(int(part.split()[1]) for part in taken.split(", ")) == 35
    assert splits.source.origin.startswith("35 of 40 picture files in the folder given/flowers")
    assert line.endswith(", and 2 more")
    assert "(cut)" in line


def test_a_picture_that_is_in_two_splits_stays_in_the_later_alone(tmp_path: Path) -> None:
    from tests.unit.train.photographs import photograph, photographs

    # The first pictures of each split are those of the test split.
    for number, split in enumerate(("train", "val", "test"), start=6):
        photographs(tmp_path / split, number)
    for label, name in enumerate(("roses", "tulips")):
        for number in range(4):
            seed = 100 * label + number
            photograph(tmp_path / "train" / name / f"own{number}.jpg", 5000 + seed)
            photograph(tmp_path / "val" / name / f"own{number}.jpg", 6000 + seed)
    said: list[str] = []
    splits = load(tmp_path, said)
    assert splits.sizes() == {"train": 6, "calibration": 2, "validation": 8, "test": 16}
    assert "12 images of train left out, as the same is in validation or test" in said
    assert "14 images of validation left out, as the same is in test" in said


def test_a_class_whose_pictures_are_all_in_the_test_is_named(folder: Path) -> None:
    for split in ("train", "test"):
        shutil.copytree(folder, folder.parent / "split" / split)
    from tests.unit.train.photographs import photograph

    root = folder.parent / "split"
    photograph(root / "train" / "tulips" / "own.jpg", 5000)
    for label, name in enumerate(("roses", "tulips")):
        photograph(root / "valid" / name / "own.jpg", 6000 + label)
    with pytest.raises(DataError, match="no training image of the class roses is left"):
        load(root)


@pytest.mark.parametrize(
    ("split", "damaged", "why"),
    [("validation", False, "each of 40 is also in test"), ("test", True, "none can be read")],
)
def test_a_split_of_which_nothing_is_left_is_a_fault_of_the_data(
    split: str, damaged: bool, why: str, folder: Path
) -> None:
    from tests.unit.train.photographs import photographs

    root = folder.parent / "split"
    photographs(root / "train", 6)
    for name in ("validation", "test"):
        shutil.copytree(folder, root / name)
    for path in (root / "test").rglob("*.jpg") if damaged else ():
        path.write_bytes(b"damaged")
    with pytest.raises(DataError, match=f"no {split} image is left, as {why}; add others to the"):
        load(root)


def test_only_as_many_are_read_as_are_asked_for(folder: Path) -> None:
    splits = load(folder, train_samples=8, validation_samples=4, test_samples=2)
    assert splits.sizes() == {"train": 6, "calibration": 2, "validation": 4, "test": 2}
    assert {*splits.train.labels} == {*splits.test.labels} == {0, 1}


def test_labels_are_those_of_the_folders(folder: Path) -> None:
    from PIL import Image

    for path in (folder / "tulips").iterdir():
        Image.new("RGB", (8, 8), (int(path.stem), 200, 0)).save(path, "PNG")
    splits = load(folder)
    green = np.median(splits.train.images[..., 1], axis=(1, 2)) == 200
    assert (green == splits.train.labels).all()
