"""Root gives away what stages made, and nothing that only looks like it."""

import os
from pathlib import Path

import pytest

from docker import artifacts, local_runner
from docker.artifacts import prepare
from docker.build.graph import read_stages
from docker.host import airgap
from docker.host.user import User
from docker.outcome import Outcome
from stages.errors import ArtifactsBusyError, NotWritableError
from stages.folder.access import writing
from stages.folder.handover import handing_over
from stages.folder.usable import LOCK, MARKER
from tests.unit.deep import LEVELS, make_deep, remove_deep

STAGES = User(10001, 10001)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    """The paths that root gave away, in a process that acts as root."""
    paths: set[Path] = set()

    def fchown(descriptor: int, uid: int, gid: int) -> None:
        assert (uid, gid) == (STAGES.uid, STAGES.gid)
        paths.add(Path(f"/proc/self/fd/{descriptor}").readlink())

    def chown(path: Path, uid: int, gid: int, **_: object) -> None:
        paths.add(Path(path))

    monkeypatch.setattr(os, "fchown", fchown)
    monkeypatch.setattr(os, "chown", chown)
    return paths


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    with writing(folder, "train"), handing_over(folder / "train") as partial:
        (partial / "train.json").write_text("{}")
    (folder / ".cache" / "data").mkdir(parents=True)
    return folder


@pytest.fixture(autouse=True)
def no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(airgap, "has_cache_for", lambda cache: False)


def test_what_stages_made_is_given_to_them(root: Path, given: set[Path]) -> None:
    (root / ".gitignore").write_text("*\n")
    assert prepare(root, STAGES) == root
    names = {path.relative_to(root).as_posix() for path in given}
    assert names == {
        *(".", MARKER, LOCK, ".cache", ".cache/data"),
        *("train", "train/train.json", "train/SHA256SUMS"),
    }


def test_what_they_own_already_is_left_alone(root: Path, given: set[Path]) -> None:
    mine = root.stat()
    prepare(root, User(mine.st_uid, mine.st_gid))
    assert given == set()


@pytest.mark.parametrize("place", ["thesis", "train/thesis", ".cache/thesis"])
def test_a_folder_with_a_users_file_is_given_to_nobody(
    root: Path, given: set[Path], place: str
) -> None:
    (root / place).write_text("years of work")
    with pytest.raises(NotWritableError, match=f"{place} is there, which no stage made"):
        prepare(root, STAGES)
    assert given == set()


def test_no_link_is_followed(root: Path, tmp_path: Path, given: set[Path]) -> None:
    (tmp_path / "thesis").write_text("years of work")
    (root / ".cache" / "data" / "link").symlink_to(tmp_path / "thesis")
    (root / ".cache" / "data" / "folder").symlink_to(tmp_path)
    os.mkfifo(root / ".cache" / "data" / "fifo")
    prepare(root, STAGES)
    assert all(path.is_relative_to(root) for path in given)
    assert not {path.name for path in given} & {"link", "folder", "fifo", "thesis"}


def test_a_file_with_a_name_elsewhere_is_refused(
    root: Path, tmp_path: Path, given: set[Path]
) -> None:
    (tmp_path / "thesis").write_text("years of work")
    (root / ".cache" / "data" / "link").hardlink_to(tmp_path / "thesis")
    with pytest.raises(NotWritableError, match=r"data/link has another name elsewhere"):
        prepare(root, STAGES)
    assert root / ".cache" / "data" / "link" not in given


def test_a_folder_that_is_another_disk_is_not_given(
    root: Path, monkeypatch: pytest.MonkeyPatch, given: set[Path]
) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == root / ".cache" / "data")
    with pytest.raises(NotWritableError, match="data is a mount point"):
        prepare(root, STAGES)
    assert given == set()


def test_an_exports_data_waits_for_who_is_writing(
    root: Path, monkeypatch: pytest.MonkeyPatch, given: set[Path]
) -> None:
    copied: list[Path] = []
    monkeypatch.setattr(airgap, "has_cache_for", lambda cache: True)
    monkeypatch.setattr(airgap, "copy_cache", copied.append)
    with writing(root, "profile"), pytest.raises(ArtifactsBusyError, match="in use by profile"):
        prepare(root, STAGES)
    assert copied == []
    prepare(root, STAGES)
    assert copied == [root / ".cache"]


def test_what_lies_deep_is_given_as_well(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_deep(root / ".cache" / "data" / "deep")
    given = []
    monkeypatch.setattr(os, "fchown", lambda *owner: given.append(owner))
    monkeypatch.setattr(os, "chown", lambda *_, **__: None)
    try:
        prepare(root, STAGES)
    finally:
        remove_deep(root / ".cache" / "data" / "deep")
    assert len(given) > LEVELS


def test_what_roots_own_run_made_is_given_back_to_whom_the_folder_belongs(
    root: Path, given: set[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "owner_of", lambda folder: STAGES)
    artifacts.give_back(root)
    names = {path.relative_to(root).as_posix() for path in given}
    assert {".cache", ".cache/data", "train/train.json", LOCK} <= names


def test_another_users_run_and_a_folder_of_roots_own_change_no_owner(
    root: Path, given: set[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "owner_of", lambda folder: User(0, 0))
    artifacts.give_back(root)
    monkeypatch.setattr(artifacts, "owner_of", lambda folder: STAGES)
    monkeypatch.setattr(os, "getuid", lambda: 10002)
    artifacts.give_back(root)
    assert given == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_containers_can_write_what_roots_own_run_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def process(*_: object) -> Outcome:
        (tmp_path / "artifacts" / ".cache" / "data").mkdir(parents=True)
        return Outcome(1, 0.0)

    folder = tmp_path / "artifacts"
    folder.mkdir()
    os.chown(folder, STAGES.uid, STAGES.gid)
    monkeypatch.setattr(local_runner, "_prepare_venv", lambda name: Path("python"))
    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr(local_runner, "_run_process", process)
    (train, *_) = read_stages({})
    assert local_runner.prepare_local([train], folder, "train")(train, {}).exit_code == 1
    owners = {path.stat().st_uid for path in (folder, *folder.rglob("*"))}
    assert owners == {STAGES.uid}
