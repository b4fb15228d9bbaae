"""What is found in a folder of pictures, and which folders are refused."""

import os
import socket
from pathlib import Path

import pytest

from stages.errors import DataError, SettingsError
from stages.pictures.listing import Listing, listed
from tests.unit.pictures.folders import folder_with, names

TWO = [*names("roses", 3), *names("tulips", 2)]


def found(listing: Listing) -> dict[str, list[tuple[int, str]]]:
    return {
        split: [(it.label, it.name) for it in pictures]
        for split, pictures in listing.splits.items()
    }


def test_folders_of_classes_are_all_to_train_on(tmp_path: Path) -> None:
    listing = listed(folder_with(tmp_path, TWO))
    assert listing.classes == ("roses", "tulips")
    assert found(listing) == {"train": [(name.startswith("t"), name) for name in TWO]}


@pytest.mark.parametrize("validation", ["validation", "val", "Valid"])
def test_splits_are_known_by_their_usual_names(validation: str, tmp_path: Path) -> None:
    splits = ("train", validation, "test")
    listing = listed(folder_with(tmp_path, [f"{split}/{name}" for split in splits for name in TWO]))
    assert {*listing.splits} == {"train", "validation", "test"}
    assert found(listing)["validation"][-1] == (1, f"{validation}/tulips/1.jpg")


def test_two_classes_that_would_be_shown_by_one_name_are_refused(tmp_path: Path) -> None:
    folder_with(tmp_path, [*names("a\nb", 2), *names("a\\nb", 2)])
    with pytest.raises(DataError, match=r"has two classes that are shown as a\\nb; rename one"):
        listed(tmp_path)


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    listing = listed(folder_with(tmp_path, [*names("bus", 2), *names("train", 2)]))
    assert listing.classes == ("bus", "train")


@pytest.mark.parametrize(
    "litter", [".git/1.jpg", "roses/.DS_Store", "roses/Thumbs.db", "__MACOSX/x/1.jpg"]
)
def test_what_file_managers_leave_is_passed_over(litter: str, tmp_path: Path) -> None:
    listing = listed(folder_with(tmp_path, [*TWO, litter]))
    assert listing.classes == ("roses", "tulips")
    assert not [*listing.passed.in_words()]


def test_what_is_no_picture_by_its_name_is_counted(tmp_path: Path) -> None:
    folder_with(tmp_path, [*TWO, "roses/notes.txt", "roses/1.TIF", "roses/2.tif", "labels.csv"])
    (line,) = listed(tmp_path).passed.in_words()
    assert line == "3 that are no pictures by their names are left out: .tif, .txt"


def test_what_is_no_file_is_said_to_be_none_whatever_its_name(tmp_path: Path) -> None:
    folder_with(tmp_path, [*TWO, "roses/notes.txt"])
    os.mkfifo(tmp_path / "tulips" / "9.png")
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(str(tmp_path / "tulips" / "s.jpg"))
        listing = listed(tmp_path)
    others, special = listing.passed.in_words()
    assert others == "1 that are no pictures by their names are left out: .txt"
    assert special.startswith("2 that are pipes, sockets or devices are left out: tulips/")
    assert len(listing.splits["train"]) == len(TWO)


def test_no_link_is_followed(tmp_path: Path) -> None:
    folder_with(tmp_path / "outside", ["secret.jpg"])
    folder = folder_with(tmp_path / "mine", TWO)
    (folder / "roses" / "link.jpg").symlink_to(tmp_path / "outside" / "secret.jpg")
    (folder / "daisies").symlink_to(tmp_path / "outside")
    listing = listed(folder)
    assert listing.classes == ("roses", "tulips")
    assert len(listing.splits["train"]) == len(TWO)
    (line,) = listing.passed.in_words()
    assert line.startswith("2 links are not followed, such as daisies; `cp -rL`")


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    folder_with(tmp_path / "mine", TWO)
    (tmp_path / "latest").symlink_to("mine")
    assert len(listed(tmp_path / "latest").splits["train"]) == len(TWO)


def test_an_odd_name_of_a_class_is_cleaned_where_it_is_shown(tmp_path: Path) -> None:
    odd = os.fsdecode(b"ros\xe9")
    listing = listed(folder_with(tmp_path, [*names("\u202egnp", 2), *names(odd, 2)]))
    assert listing.classes == (r"ros\udce9", r"\u202egnp")
    assert {it.name.partition("/")[0] for it in listing.splits["train"]} == {odd, "\u202egnp"}


@pytest.mark.parametrize(
    ("files", "cause"),
    [
        ([], "has no folders of classes; give FOLDER/CLASS"),
        (["1.jpg"], "has no folders of classes"),
        (names("roses", 3), "has one class alone, roses"),
        (["all/roses/1.jpg", "all/tulips/1.jpg"], "has no folders of classes; give .*/all, which"),
        ([*TWO, "daisies/1.txt"], "train of .* has no pictures of the class daisies; add some"),
        (["roses/1.txt", "tulips/1.txt"], "has no pictures in the folders of its classes"),
        ([f"{number}/1.png" for number in range(1001)], "has 1001 classes; give at most 1000"),
        ([f"test/{name}" for name in TWO], "has no folder train beside test"),
        (
            [f"{split}/{name}" for split in ("train", "val", "valid") for name in TWO],
            "val and valid are both the split validation",
        ),
        (
            [*(f"train/{name}" for name in TWO), *names("test/roses", 2)],
            "test of .* has no pictures of the class tulips",
        ),
        (
            [*(f"test/{name}" for name in TWO), *names("train/roses", 2)],
            "train of .* has no pictures of the class tulips",
        ),
    ],
)
def test_what_can_not_be_trained_on_is_refused(
    files: list[str], cause: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=cause):
        listed(folder_with(tmp_path / "mine", files or [".keep"]))


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere is not there; give one with pictures"):
        listed(tmp_path / "nowhere")
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(DataError, match=r"photo.jpg is no folder; give one"):
        listed(tmp_path / "photo.jpg")


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, TWO)
    (folder / "roses").chmod(0)
    with pytest.raises(SettingsError, match="roses can't be read by user"):
        listed(folder)
    (folder / "roses").chmod(0o755)
