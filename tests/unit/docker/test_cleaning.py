"""`clean` removes what stages made, once it was shown and agreed to; never anything else."""

import errno
import os
from pathlib import Path

import pytest

from docker import cleaning
from docker.cleaning import clean
from stages.errors import ArtifactsBusyError, NotWritableError, StageError
from stages.folder.access import writing
from stages.folder.handover import handing_over
from stages.folder.usable import LOCK, MARKER
from tests.commands import invoke
from tests.unit.deep import make_deep, remove_deep


def make(root: Path, stage: str = "train") -> None:
    with writing(root, stage), handing_over(root / stage) as partial:
        (partial / f"{stage}.json").write_text(" " * 1_500_000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    make(folder)
    make(folder, "quantize")
    (folder / ".cache" / "data").mkdir(parents=True)
    (folder / ".cache" / "data" / "leaf").write_text("leaf")
    (folder / ".gitignore").write_text("*\n")
    return folder


def names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()}


KEPT = {MARKER, LOCK, ".gitignore"}
ALL = {*KEPT, ".cache", "train", "quantize"}


def test_it_removes_what_stages_made_and_says_what(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean(root, assume_yes=True)
    assert names(root) == KEPT
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines] == [
        *(str(root / name) for name in (".cache", "quantize", "train")),
        "removed",
    ]
    assert lines[1].split()[1:3] == ["1.5", "MB"]
    make(root)


@pytest.mark.parametrize("answer", ["n", "", None])
def test_without_consent_nothing_is_removed(
    root: Path, monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    def answered(_: str) -> str:
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", answered)
    with pytest.raises(StageError, match="nothing was removed; say yes, or give --yes"):
        clean(root)
    assert names(root) == ALL


def test_with_consent_it_goes_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "agreed", lambda question: str(root) in question)
    clean(root)
    assert names(root) == KEPT


def test_while_a_stage_runs_nothing_is_removed(root: Path) -> None:
    with writing(root, "profile"), pytest.raises(ArtifactsBusyError, match="by profile since"):
        clean(root, assume_yes=True)
    assert names(root) == ALL


@pytest.mark.parametrize("place", ["thesis.txt", "train/thesis.txt", ".cache/thesis.txt"])
@pytest.mark.parametrize("dry", [True, False])
def test_a_users_file_keeps_everything(root: Path, place: str, dry: bool) -> None:
    (root / place).write_text("years of work")
    with pytest.raises(NotWritableError, match=r"thesis\.txt is there, which no stage made"):
        clean(root, assume_yes=True, dry=dry)
    assert (root / place).read_text() == "years of work"
    assert names(root) >= ALL


def test_no_link_is_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "text").write_text("years of work")
    (root / ".cache" / "data" / "link").symlink_to(tmp_path / "thesis")
    clean(root, assume_yes=True)
    assert (tmp_path / "thesis" / "text").exists()
    assert names(root) == KEPT


def test_a_mount_keeps_everything(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.ismount", lambda path: Path(path) == root / ".cache" / "data")
    with pytest.raises(NotWritableError, match="data is a mount point"):
        clean(root, assume_yes=True)
    assert names(root) == ALL


def test_it_needs_no_room_on_a_full_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.mkdir", full)
    clean(root, assume_yes=True)
    assert names(root) == KEPT


def test_what_another_program_uses_is_one_line(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_: Path) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr("shutil.rmtree", busy)
    with pytest.raises(NotWritableError, match="another program uses it: end that one"):
        clean(root, assume_yes=True)


def test_an_interruption_leaves_nothing_that_looks_whole(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            clean(root, assume_yes=True)
    assert not (root / ".cache").exists()
    with writing(root, "train"):
        assert names(root) == ALL - {".cache"}


def test_of_nothing_there_is_nothing_to_remove(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean(tmp_path / "none", assume_yes=True)
    assert "nothing that a stage made" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_the_task_asks_nobody_without_a_terminal(root: Path) -> None:
    done = invoke("clean", variables={"VGG19_ARTIFACTS": str(root)})
    assert done.code == StageError.exit_code, done
    assert "clean: error: nothing was removed" in done.output
    assert names(root) == ALL


def test_the_task_with_dry_only_shows(root: Path) -> None:
    done = invoke("--dry", "clean", "--yes", variables={"VGG19_ARTIFACTS": str(root)})
    assert done.code == 0, done
    assert str(root / "quantize") in done.output
    assert names(root) == ALL


def test_the_task_removes(root: Path) -> None:
    done = invoke("clean", "--yes", variables={"VGG19_ARTIFACTS": str(root)})
    assert done.code == 0, done
    assert names(root) == KEPT


def test_the_task_never_touches_another_folder(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    done = invoke("clean", "--yes", variables={"VGG19_ARTIFACTS": str(tmp_path)})
    assert done.code == NotWritableError.exit_code, done
    assert names(tmp_path) == {"thesis.txt"}


@pytest.mark.parametrize("place", [".cache/data/deep", "train/deep"])
def test_no_depth_keeps_it_from_being_removed(root: Path, place: str) -> None:
    make_deep(root / place, file="leaf" if place.startswith(".cache") else "")
    done = invoke("clean", "--yes", variables={"VGG19_ARTIFACTS": str(root)})
    remove_deep(root / place)
    assert done.code == 0, done
    assert names(root) == KEPT


def test_a_users_file_keeps_everything_however_deep_it_is(root: Path) -> None:
    make_deep(root / "train" / "deep", file="thesis.txt")
    try:
        done = invoke("clean", "--yes", variables={"VGG19_ARTIFACTS": str(root)})
        assert (root / "train" / "deep" / "dddd").is_dir()
    finally:
        remove_deep(root / "train" / "deep")
    assert done.code == NotWritableError.exit_code, done
    assert "/thesis.txt is there, which no stage made" in done.output
    assert len(done.output.splitlines()) == 1
    assert names(root) == ALL


def test_what_belongs_to_another_user_is_named_as_the_user_knows_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(name: str, mode: int, *, dir_fd: int | None = None, **_: object) -> bool:
        return name != "data" or dir_fd is None

    monkeypatch.setattr(os, "getuid", lambda: 54321)
    monkeypatch.setattr(os, "access", closed)
    with pytest.raises(NotWritableError, match=rf"^{root}/\.cache can't be removed by user 54321;"):
        clean(root, assume_yes=True)
    assert names(root) == ALL


def test_what_can_not_be_removed_in_the_end_is_named_by_both_its_names(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", refuse)
        patch.setattr(os, "getuid", lambda: 54321)
        with pytest.raises(
            NotWritableError,
            match=rf"^what is left of {root}/\.cache, now \.\.cache\.\w+\.new, can't be removed by",
        ) as error:
            clean(root, assume_yes=True)
        assert (root / str(error.value).split(", ")[1].removeprefix("now ")).is_dir()
        with pytest.raises(
            NotWritableError, match=rf"^what a killed command left of {root}/\.cache as \.\.cache\."
        ):
            clean(root, assume_yes=True)
    clean(root, assume_yes=True)
    assert names(root) == KEPT
