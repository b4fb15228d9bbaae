"""Which folder may be the artifacts folder: nothing of a user's is ever in danger."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.artifacts import CACHE_FOLDERS
from stages.errors import NotWritableError
from stages.folder.access import reading, writing
from stages.folder.handover import handing_over
from stages.folder.usable import (
    CHECKOUT,
    LOCK,
    MARKER,
    SYSTEM_FOLDERS,
    _require_ours,
    ours,
    prepare,
    require_usable,
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder."""
    folder = tmp_path / "home" / "me"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    return folder


def make(root: Path, stage: str = "train") -> None:
    with handing_over(root / stage) as partial:
        (partial / f"{stage}.json").write_text("{}")


def contents(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def test_a_new_folder_is_marked(tmp_path: Path) -> None:
    root = prepare(tmp_path / "deep" / "artifacts")
    assert {path.name for path in root.iterdir()} == {MARKER}
    assert prepare(root) == root


@pytest.mark.parametrize("bystanders", [[".gitignore"], ["lost+found/"], []])
def test_an_empty_folder_is_taken(tmp_path: Path, bystanders: list[str]) -> None:
    for name in bystanders:
        (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).write_text("*\n")
    prepare(tmp_path)
    assert [*ours(tmp_path)] == []


@pytest.mark.parametrize("place", ["inner", ".cache/data/inner", "train"])
def test_a_folder_within_other_artifacts_is_refused(tmp_path: Path, place: str) -> None:
    root = prepare(tmp_path / "artifacts")
    with pytest.raises(NotWritableError, match=f"is within another artifacts folder, {root},"):
        prepare(root / place)
    assert contents(root) == {MARKER}


def test_on_a_full_disk_a_marker_without_its_text_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.write", full)
    prepare(tmp_path)
    assert contents(tmp_path) == {MARKER}


def test_the_checkouts_own_folder_is_taken() -> None:
    require_usable(CHECKOUT / "artifacts")
    require_usable(Path("artifacts"))


def test_a_folder_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    make(tmp_path)
    make(tmp_path, "quantize")
    (tmp_path / ".cache" / "data").mkdir(parents=True)
    (tmp_path / ".train.old").mkdir()
    with writing(tmp_path, "compare") as artifacts:
        assert artifacts.train.record.is_file()
    names = [path.name for path in ours(tmp_path)]
    assert names == [".cache", "quantize", "train"]


STRANGERS: dict[str, Callable[[Path], object]] = {
    "thesis.txt": lambda path: path.write_text("years of work"),
    ".ssh": lambda path: path.mkdir(),
    "trained": lambda path: path.mkdir(),
    "quantize-mine": lambda path: path.mkdir(),
    ".other.new": lambda path: path.mkdir(),
    LOCK: lambda path: path.write_text("of another program"),
    MARKER: lambda path: path.symlink_to("/etc/passwd"),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_folder_with_what_no_stage_made_is_refused_and_named(tmp_path: Path, name: str) -> None:
    make(tmp_path)
    STRANGERS[name](tmp_path / name)
    before = contents(tmp_path)
    for use in (writing, reading):
        with (
            pytest.raises(NotWritableError, match=rf"{name} is there, which no stage made; move"),
            use(tmp_path, "train"),
        ):
            pytest.fail("it went on")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["thesis.txt", ".ssh", "trained"])
def test_so_is_one_that_got_it_later(tmp_path: Path, name: str) -> None:
    prepare(tmp_path)
    STRANGERS[name](tmp_path / name)
    with pytest.raises(NotWritableError, match=f"{name} is there, which no stage made"):
        prepare(tmp_path)


def test_a_users_own_folder_with_a_stages_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "timetable.txt").touch()
    with pytest.raises(NotWritableError, match="train has no SHA256SUMS, so no stage made it"):
        prepare(tmp_path)


def test_the_cache_of_other_programs_is_no_cache_of_ours(tmp_path: Path) -> None:
    (tmp_path / ".cache" / "pip").mkdir(parents=True)
    with pytest.raises(NotWritableError, match=r"\.cache/pip is there, which no stage made"):
        prepare(tmp_path)


@pytest.mark.parametrize("name", [".cache", *(f".cache/{name}" for name in CACHE_FOLDERS)])
def test_a_cache_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    root = prepare(tmp_path / "artifacts")
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).symlink_to(tmp_path)
    with pytest.raises(NotWritableError, match="is no folder of its own"):
        prepare(root)


@pytest.mark.parametrize("folder", sorted(SYSTEM_FOLDERS))
def test_the_systems_folders_are_refused(folder: Path) -> None:
    with pytest.raises(NotWritableError, match=r"can't be the artifacts folder|is no folder"):
        require_usable(folder)


@pytest.mark.parametrize("folder", [CHECKOUT, CHECKOUT.parent, CHECKOUT / "artifacts" / ".."])
def test_the_source_and_what_is_above_it_is_refused(folder: Path) -> None:
    with pytest.raises(NotWritableError, match=r"folder of this source|folder of the system"):
        require_usable(folder)


def test_a_home_is_refused_even_if_it_is_empty(home: Path) -> None:
    for folder in (home, home / "x" / "..", home.parent / "link"):
        if folder.name == "link":
            folder.symlink_to("me")
        with pytest.raises(NotWritableError, match="is a home folder"):
            prepare(folder)
    assert contents(home) == set()


def test_a_folder_within_a_home_is_taken(home: Path) -> None:
    assert prepare(home / "artifacts").is_dir()


NO_FOLDERS: dict[str, Callable[[Path], object]] = {
    "is no folder; set VGG19_ARTIFACTS": lambda path: path.write_text("a file"),
    "is no folder; set": lambda path: os.mkfifo(path),
    "symlink that leads nowhere": lambda path: path.symlink_to("nowhere"),
    "leads nowhere": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("message", NO_FOLDERS)
def test_what_is_no_folder_is_refused(tmp_path: Path, message: str) -> None:
    NO_FOLDERS[message](tmp_path / "artifacts")
    for use in (prepare, require_usable):
        with pytest.raises(NotWritableError, match=message):
            use(tmp_path / "artifacts")


@pytest.mark.parametrize("path", ["file/below", "x" * 300, "~/artifacts", "~me"])
def test_a_path_that_can_be_no_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotWritableError, match="VGG19_ARTIFACTS"):
        prepare(Path(path))
    assert contents(tmp_path) == {"file"}


def test_a_link_to_a_folder_is_followed_once_for_all(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "artifacts").symlink_to("disk")
    with writing(tmp_path / "artifacts", "train") as artifacts:
        assert artifacts.root == tmp_path / "disk"
    assert (tmp_path / "disk" / MARKER).is_file()
    assert (tmp_path / "artifacts").is_symlink()


def test_a_mount_point_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == tmp_path)
    (tmp_path / "lost+found").mkdir()
    prepare(tmp_path)


def test_a_folder_that_is_closed_to_this_user_is_named_with_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    prepare(tmp_path / "mine")
    monkeypatch.setattr(Path, "lstat", refuse)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_123)
    with pytest.raises(NotWritableError, match=r"/mine can't be read by user 4000123; change its"):
        _require_ours(tmp_path / "mine")
