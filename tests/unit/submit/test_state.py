"""submit.json as someone may have written it: nothing is removed, written or signalled by it."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from docker.submit import state, tasks
from stages.errors import InputCorruptError, SettingsError
from tests.unit.submit.cluster import Cluster, sent

HASH = "0" * 64


def of_job(**fields: str) -> Callable[[dict[str, Any]], object]:
    return lambda submit: submit["jobs"][0].update(fields)


def of_submit(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda submit: submit.update(fields)


DAMAGES = {
    "jobs that are none": of_submit(jobs=1),
    "no job": of_submit(jobs=[]),
    "an input anywhere": lambda submit: submit["inputs"].update({"/victim": HASH}),
    "an input above": lambda submit: submit["inputs"].update({"../../victim": HASH}),
    "an input that no job starts from": lambda submit: submit["inputs"].update(spr=HASH),
    "an id above": of_submit(id="../../victim"),
    "another's id": of_submit(id="20200101T000000Z-00000000"),
    "a kind above": of_job(kind="../../../victim"),
    "a kind with a null character": of_job(kind="a\0b"),
    "a kind that another job has": lambda submit: submit["jobs"].append(submit["jobs"][0]),
    "another's name": of_job(name="thesis"),
    "a number that is an option": of_job(id="--user=root"),
    "a number with a line break": of_job(id="1\n"),
    "no known runner": of_submit(runner="x"),
    "a setting that no program can be given": of_submit(settings={"batch_size": "a\0b"}),
    "a setting's name with a null character": of_submit(settings={"a\0b": "1"}),
    "a setting's name with a sign": of_submit(settings={"batch=size": "1"}),
    "a setting that is none": of_submit(settings={"path": "/victim"}),
    "a setting that is train's": of_submit(settings={"backbone": "https://me:secret@h/module"}),
    "a folder for artifacts": of_submit(settings={"artifacts": "/victim"}),
    "an interpreter": of_submit(settings={"itex_python": "/victim/thesis"}),
    "a digest of an image": of_submit(settings={"image": "sha256:" + HASH}),
    "a hash that is none": of_submit(of_model="x"),
    "no limit": of_submit(pending_limit=-1),
}


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("task", ["submit", "jobs", "cancel"])
def test_a_damaged_one_is_refused_and_nothing_is_touched(
    cluster: Cluster,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[dict[str, Any]], object],
    task: str,
) -> None:
    submit = sent(cluster, "spr")
    cluster.is_now("1", "FAILED", ExitCode="1:0")
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "thesis").write_text("mine")
    path = cluster.submits / submit.id / "submit.json"
    written = json.loads(path.read_text())
    damage(written)
    path.write_text(json.dumps(written).replace('"/victim"', json.dumps(str(tmp_path / "victim"))))
    shutil.rmtree(cluster.submits / submit.id / "spr")
    said = refused(cluster, task, tmp_path, capsys)
    assert "submit.json can't be read" in said
    # Removing it alone would leave jobs that no task ends any more.
    assert f"vgg19-{submit.id}-*" in said


@pytest.mark.parametrize("how", ["large", "a pipe"])
def test_what_is_no_file_of_a_submit_is_refused_in_its_own_words(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    path = cluster.submits / sent(cluster, "spr").id / "submit.json"
    if how == "large":
        path.write_bytes(b" " * (state.MAX_BYTES + 1))
    else:
        path.unlink()
        os.mkfifo(path)
    with pytest.raises(Exit):
        carry_out("jobs", str(cluster.artifacts))
    said = capsys.readouterr().err
    assert "submit.json can't be read (it is no plain file, or too large)" in said
    assert "run its stage again" not in said


@pytest.mark.parametrize("name", [".", "spr", "spr-1.log", "spr-2.log", "spr.tar", "submit.json"])
@pytest.mark.parametrize("task", ["submit", "jobs", "cancel"])
def test_nothing_is_reached_through_a_symlink(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, task: str
) -> None:
    submit = sent(cluster, "spr")
    cluster.is_now("1", "FAILED", ExitCode="1:0")
    link, elsewhere = cluster.submits / submit.id / name, tmp_path / "elsewhere"
    if link.exists():
        link.rename(elsewhere)
    else:
        elsewhere.write_text("mine")
    link.symlink_to(elsewhere)
    assert "submit.json can't be read" in refused(cluster, task, tmp_path, capsys)


def test_a_log_is_looked_for_where_slurm_writes_it(cluster: Cluster) -> None:
    folder = cluster.artifacts.with_name("100%user")
    folder.mkdir()
    cluster.submits = folder
    submit = sent(cluster, "spr")
    [asked] = cluster.calls("sbatch")
    pattern = asked.partition("--output=")[2].split()[0]
    written = pattern.replace("%%", "%").replace("%j", "1")
    assert written == str(state.log_of(folder, submit, submit.jobs[0]))
    assert "100%%user" in pattern


def test_a_folder_in_which_slurm_writes_no_log_is_refused(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"kinds": "spr", "pending_limit": None, "artifacts": f"{cluster.artifacts}\\d"}
    with pytest.raises(Exit) as ended:
        tasks.submit_task({}).body(Context(), runner="", again=False, **given)
    assert ended.value.code == SettingsError.exit_code
    assert "has a backslash" in capsys.readouterr().err


def refused(cluster: Cluster, task: str, around: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what is said as a task is refused, and changes nothing `around` the artifacts."""
    (cluster.folder / "calls").unlink()
    before = tree(around)
    with pytest.raises(Exit) as ended:
        carry_out(task, str(cluster.artifacts))
    (cluster.submits / ".lock").unlink(missing_ok=True)
    assert ended.value.code == InputCorruptError.exit_code
    assert tree(around) == before
    return capsys.readouterr().err


def carry_out(task: str, artifacts: str) -> None:
    if task == "submit":
        given = {"kinds": None, "pending_limit": None, "artifacts": artifacts}
        tasks.submit_task({}).body(Context(), runner="docker", again=True, **given)
    else:
        {"jobs": tasks.jobs, "cancel": tasks.cancel}[task].body(Context(), artifacts)


def test_a_submit_made_after_the_clock_went_back_is_the_last(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Back(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Back":
            return cls(2020, 1, 1, tzinfo=tz)

    sent(cluster, "spr")
    monkeypatch.setattr(state, "datetime", Back)
    later = sent(cluster, "icx")
    assert state.last(cluster.submits) == later


def test_a_submit_that_may_not_be_looked_at_is_not_passed_over(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = cluster.submits / sent(cluster, "spr").id
    real = Path.lstat

    def denied(path: Path) -> os.stat_result:
        if path.parent == place:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "lstat", denied)
    with pytest.raises(PermissionError):
        state.last(cluster.submits)
