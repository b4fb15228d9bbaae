"""A file that a task writes is refused before any work, and is there whole or not at all."""

import os
from pathlib import Path

import pytest

from docker.share.output import require_writable, written_whole
from stages.errors import NotWritableError
from tests.commands import invoke

REFUSED = {
    "folder": "is a folder",
    "none/bundle.tar": "is no folder that is there",
    "file/bundle.tar": "is no folder that is there",
    "fifo": "is no plain file",
    "artifacts/bundle.tar": "would be among the artifacts",
    "artifacts/train/bundle.tar": "is no folder that is there",
    "link/bundle.tar": "would be among the artifacts",
    "loop": "is a symlink that leads nowhere",
    "proc/bundle.tar": "can't be written by user",
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "link").symlink_to("artifacts")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "proc").symlink_to("/proc")
    (tmp_path / "file").write_text("earlier")
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_written_is_refused(place: Path, name: str) -> None:
    with pytest.raises(NotWritableError, match=REFUSED[name]):
        require_writable(place / name, place / "artifacts")


def test_to_ask_leaves_nothing(place: Path) -> None:
    before = {*place.rglob("*")}
    require_writable(place / "new.tar", place / "artifacts")
    assert {*place.rglob("*")} == before


def test_so_is_a_folder_that_this_user_can_not_write(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(NotWritableError, match=r"bundle\.tar can't be written by user"):
        require_writable(place / "bundle.tar", place / "artifacts")


@pytest.mark.parametrize("task", ["bundle", "export"])
def test_the_task_says_it_before_it_does_anything(place: Path, task: str) -> None:
    variables = {"VGG19_ARTIFACTS": str(place / "artifacts"), "DOCKER_HOST": "unix:///none.sock"}
    done = invoke(task, "--output", str(place / "none" / "file"), variables=variables)
    assert done.code == NotWritableError.exit_code, done
    assert done.output.startswith(f"{task}: error: ")
    assert list((place / "artifacts").iterdir()) == []


def test_it_takes_its_place_when_it_is_whole(place: Path) -> None:
    with written_whole(place / "file") as part:
        part.write_text("new")
        assert (place / "file").read_text() == "earlier"
    assert (place / "file").read_text() == "new"
    assert not list(place.glob(".file*"))


def test_a_link_stays_one(place: Path) -> None:
    (place / "latest").symlink_to("file")
    with written_whole(place / "latest") as part:
        part.write_text("new")
    assert (place / "latest").is_symlink()
    assert (place / "file").read_text() == "new"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interruption_leaves_no_half_file(place: Path, error: type[BaseException]) -> None:
    def write_half() -> None:
        with written_whole(place / "file") as part:
            part.write_text("ha")
            raise error

    before = {path.name for path in place.iterdir()}
    with pytest.raises(error):
        write_half()
    assert {path.name for path in place.iterdir()} == before
    assert (place / "file").read_text() == "earlier"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_it_has_the_mode_of_any_file(place: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with written_whole(place / "new") as part:
            part.write_text("new")
    finally:
        os.umask(before)
    assert (place / "new").stat().st_mode & 0o777 == mode
