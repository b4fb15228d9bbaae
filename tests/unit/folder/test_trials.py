"""The trials of a quantize that has not ended, in the artifacts folder."""

import os
from pathlib import Path

import pytest

from docker.cleaning import clean
from stages.artifacts import Artifacts, TrialFolder
from stages.errors import NotWritableError
from stages.folder import trials
from stages.folder.access import reading, writing
from stages.folder.foreign import kept_trials
from stages.folder.handover import handing_over
from stages.folder.usable import LOCK, MARKER, ours


def leave(root: Path, name: str = "trial-1", runtime: str = "itex") -> Path:
    with writing(root, "quantize") as artifacts:
        trials.prepare(artifacts, runtime)
        place = artifacts.trials_of(runtime) / name
        with handing_over(place) as partial:
            TrialFolder(partial).record.write_text("{}")
            TrialFolder(partial).model.mkdir()
            (TrialFolder(partial).model / "saved_model.pb").write_text("model")
    return place


def test_every_command_takes_a_folder_with_trials_for_artifacts(tmp_path: Path) -> None:
    place = leave(tmp_path)
    for use in (writing, reading):
        with use(tmp_path, "compare") as artifacts:
            assert [trial.path for trial in kept_trials(artifacts, "itex")] == [place]
    assert [path.name for path in ours(tmp_path)] == [".trials"]


def test_all_may_read_them_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        place = leave(tmp_path)
    finally:
        os.umask(before)
    folders = (place, place.parent, place.parent.parent)
    assert [path.stat().st_mode & 0o777 for path in folders] == [0o755] * 3


def test_they_come_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    for name in ("op-1", "trial-10", "trial-2"):
        leave(tmp_path, name)
    names = [trial.name for trial in kept_trials(Artifacts(tmp_path), "itex")]
    assert names == ["trial-2", "trial-10", "op-1"]


@pytest.mark.parametrize(
    "name", [".trial-2.abcd1234.new", "../.quantize.abcd1234.new", "../../..trials.abcd1234.new"]
)
def test_one_that_a_kill_left_by_half_is_removed_by_the_next_command(
    tmp_path: Path, name: str
) -> None:
    place = leave(tmp_path)
    half = place.parent / name
    (half / "trial-1").mkdir(parents=True)
    with writing(tmp_path, "compare"):
        assert not half.exists()
    assert place.is_dir()


@pytest.mark.parametrize("name", ["thesis", "quantize/thesis", "quantize/trial-x", "quantize-mine"])
def test_what_no_stage_made_is_refused_and_named(tmp_path: Path, name: str) -> None:
    leave(tmp_path)
    (tmp_path / ".trials" / name).mkdir()
    with (
        pytest.raises(NotWritableError, match=rf"trials/{name} is there, which no stage made"),
        reading(tmp_path, "compare"),
    ):
        pytest.fail("it went on")


def test_a_link_among_them_is_refused(tmp_path: Path) -> None:
    place = leave(tmp_path / "artifacts")
    (place.parent / "trial-2").symlink_to(tmp_path)
    with (
        pytest.raises(NotWritableError, match="trial-2 is a symlink, which no stage makes"),
        reading(tmp_path / "artifacts", "compare"),
    ):
        pytest.fail("it went on")


def test_clean_removes_them(tmp_path: Path) -> None:
    leave(tmp_path)
    leave(tmp_path, runtime="stock")
    clean(tmp_path, assume_yes=True)
    assert {path.name for path in tmp_path.iterdir()} == {MARKER, LOCK}


def test_clean_leaves_all_if_a_users_file_is_among_them(tmp_path: Path) -> None:
    place = leave(tmp_path)
    (place / "model_pb.int8" / "notes.txt").write_text("mine")
    with pytest.raises(NotWritableError, match=r"notes\.txt is there, which no stage made"):
        clean(tmp_path, assume_yes=True)
    assert (place / "model_pb.int8" / "saved_model.pb").is_file()


def test_those_of_one_runtime_go_and_the_others_stay(tmp_path: Path) -> None:
    other = leave(tmp_path, runtime="stock")
    place = leave(tmp_path)
    trials.discard(Artifacts(tmp_path), "itex")
    assert (place.parent.exists(), other.is_dir()) == (False, True)
    trials.discard(Artifacts(tmp_path), "stock")
    trials.discard(Artifacts(tmp_path), "stock")
    assert not (tmp_path / ".trials").exists()
