"""Files that records name: only plain ones in their folder are read."""

import os
from pathlib import Path

import pytest

from stages.errors import InputCorruptError
from stages.files.member import member, read_plain


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "folder"
    (path / "deep").mkdir(parents=True)
    (path / "deep" / "log").write_text("log")
    (tmp_path / "secret").write_text("secret")
    (path / "link").symlink_to(tmp_path / "secret")
    (path / "linked").symlink_to(tmp_path)
    os.mkfifo(path / "pipe")
    return path


def test_a_file_in_the_folder_is_found(folder: Path) -> None:
    assert member(folder, "deep/log").read_text() == "log"


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../secret", "deep/../../secret", "/proc/kmsg", "deep//log", "./deep/log"),
        *("deep", "deep/", "link", "linked/secret", "pipe", "missing", "deep/log/x"),
        *("a\0b", "a\nb", "n" * 300, "/".join("n" * 5000)),
    ],
)
def test_nothing_else_is(folder: Path, name: str) -> None:
    with pytest.raises(InputCorruptError) as caught:
        member(folder, name)
    assert len(str(caught.value)) < 600
    assert str(caught.value).isprintable()


def test_what_is_too_large_is_not_read(folder: Path) -> None:
    with pytest.raises(InputCorruptError, match="larger than"):
        member(folder, "deep/log", limit=2)
    with pytest.raises(InputCorruptError, match="larger than"):
        read_plain(folder / "deep" / "log", 2)


def test_a_file_that_grows_while_it_is_read_is_not_read_whole() -> None:
    # The kernel says that it has no bytes, and gives some.
    with pytest.raises(InputCorruptError, match="larger than"):
        read_plain(Path("/proc/self/status"), 10)
