"""What the cache promises: made once, and again when it is damaged."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.errors import InputMissingError, NotWritableError
from stages.files.checksums import CHECKSUMS, write_checksums
from stages.folder.cache import (
    HANDLE,
    Cache,
    cached,
    holds_module,
    note_backbone,
    noted_backbone,
    sign_module,
)


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


def rename_with_list(folder: Path) -> None:
    (folder / "weights").rename(folder / "others")
    (folder / CHECKSUMS).unlink()
    write_checksums(folder)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty list": lambda folder: (folder / CHECKSUMS).write_text(""),
    "no list": lambda folder: (folder / CHECKSUMS).unlink(),
    "list that is no text": lambda folder: (folder / CHECKSUMS).write_bytes(b"\xff\n"),
    "unlisted file": lambda folder: (folder / "more").touch(),
    "symlink": lambda folder: (folder / "more").symlink_to("/etc/passwd"),
    "fifo": lambda folder: os.mkfifo(folder / "more"),
    "whole, but for what is needed": lambda folder: rename_with_list(folder),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_no_damage_lasts(made: Any, damage: str) -> None:
    folder, make, calls = made
    DAMAGES[damage](folder)
    for _ in range(2):
        cached(folder, make, ["weights"])
    assert len(calls) == 2
    assert {path.name for path in folder.iterdir()} == {"weights", CHECKSUMS}


@pytest.mark.parametrize("put", [lambda f: f.symlink_to("/etc"), lambda f: f.write_text("a file")])
def test_what_is_no_folder_is_a_clear_line_and_kept(
    tmp_path: Path, put: Callable[[Path], object]
) -> None:
    put(tmp_path / "module")
    with pytest.raises(NotWritableError, match=r"module is (a symlink|no folder), which no stage"):
        cached(tmp_path / "module", lambda folder: pytest.fail("it was made"))


def test_failure_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    def fail(folder: Path) -> Any:
        (folder / "weights").write_bytes(b"half")
        raise OSError("cut off")

    with pytest.raises(OSError, match="cut off"):
        cached(tmp_path / "module", fail)
    assert list(tmp_path.iterdir()) == []


SECRET = "https://me:secret@h/m"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """The folder of the module of SECRET."""
    folder = Cache(tmp_path).module(SECRET)
    cached(folder, lambda made: sign_module(made, SECRET))
    return folder


@pytest.mark.parametrize(
    ("handle", "held"),
    [(SECRET, True), ("https://***@h/m", True), ("https://me:other@h/m", False)],
)
def test_a_module_is_known_by_its_handle_or_by_what_is_shown_of_it(
    handle: str, held: bool, module: Path, tmp_path: Path
) -> None:
    assert Cache(tmp_path).module(handle) == module
    assert holds_module(module, handle) == held


@pytest.mark.parametrize("text", ["", "x y", "00 \xe4", "aa" * 16])
def test_a_module_without_a_good_digest_is_no_ones(text: str, module: Path) -> None:
    (module / HANDLE).write_text(text, encoding="latin-1")
    (module / CHECKSUMS).unlink()
    write_checksums(module)
    assert not holds_module(module, SECRET)


def test_the_same_handle_has_another_digest_each_time(module: Path, tmp_path: Path) -> None:
    sign_module(tmp_path, SECRET)
    assert (tmp_path / HANDLE).read_text() != (module / HANDLE).read_text()


def test_what_download_was_asked_for_is_noted_without_secrets(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with pytest.raises(InputMissingError, match="run download first"):
        noted_backbone(cache)
    for handle, shown in ((SECRET, "https://***@h/m"), ("imagenet", "imagenet")):
        note_backbone(cache, handle)
        assert noted_backbone(cache) == shown
    (cache.noted / HANDLE).write_text("damaged")
    with pytest.raises(InputMissingError, match="run download first"):
        noted_backbone(cache)
    note_backbone(cache, "imagenet")
    assert noted_backbone(cache) == "imagenet"
