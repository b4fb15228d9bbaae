from pathlib import Path

import pytest

from docker.lockfile import (
    ImagesLock,
    LockedImage,
    Package,
    read_listing,
    read_lock,
    write_listing,
    write_lock,
)
from docker.paths import IMAGES_LOCK
from stages.errors import InputCorruptError

FULL = ImagesLock(
    inputs={"stages": "1"},
    packages={"libc6": Package("2.36", "2")},
    layers={"base": "sha256:3"},
    images={"train": LockedImage("sha256:4", ["base"])},
)


def test_what_is_written_is_read_and_the_same_lock_has_the_same_bytes(tmp_path: Path) -> None:
    path, again = tmp_path / "images.lock", tmp_path / "again.lock"
    write_lock(FULL, path)
    assert read_lock(path) == FULL
    write_lock(read_lock(path), again)
    assert again.read_bytes() == path.read_bytes()


def test_a_change_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "images.lock"
    write_lock(FULL, path)
    before = path.read_text().splitlines()
    write_lock(ImagesLock(FULL.inputs, FULL.packages, {"base": "sha256:5"}, FULL.images), path)
    changed = [line for line in path.read_text().splitlines() if line not in before]
    assert changed == ['  "base": "sha256:5"']


def test_no_lock_is_an_empty_one(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "none") == ImagesLock({}, {}, {}, {})


def test_a_damaged_lock_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "images.lock"
    path.write_text('{"inputs": 7}')
    with pytest.raises(
        InputCorruptError, match="restore it, or write it again with `invoke lock --images`"
    ):
        read_lock(path)


def test_a_listing_comes_back(tmp_path: Path) -> None:
    write_listing("app", ["a", "b"], tmp_path / "listings")
    assert read_listing("app", tmp_path / "listings") == ["a", "b"]
    assert read_listing("other", tmp_path / "listings") == []


def test_ours_names_a_digest_for_every_layer_of_every_image() -> None:
    lock = read_lock(IMAGES_LOCK)
    assert lock.images
    assert lock.packages
    for image in lock.images.values():
        assert all(lock.layers[name].startswith("sha256:") for name in image.layers)


def test_a_name_with_any_byte_is_listed_as_it_is(tmp_path: Path) -> None:
    lines = ["a\udce9\t0", "a\u2028b\x85c\t0"]
    write_listing("base", lines, tmp_path)
    assert read_listing("base", tmp_path) == lines


def test_a_damaged_listing_is_refused(tmp_path: Path) -> None:
    write_listing("base", ["a\t0"], tmp_path)
    path = tmp_path / "base.xz"
    for content in (path.read_bytes()[:-9], b"no xz", b""):
        path.write_bytes(content)
        with pytest.raises(InputCorruptError, match="restore it, or write it again"):
            read_listing("base", tmp_path)
