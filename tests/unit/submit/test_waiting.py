"""What is looked at, ended and given up while jobs are waited for, or cancelled."""

import shlex
from pathlib import Path

import pytest
from invoke.context import Context

from docker.submit import standing, tasks, watching
from docker.submit.standing import standings
from docker.submit.state import bundle_of
from stages.errors import SchedulerError
from tests.unit.submit.cluster import Cluster, ago, sent, words


def waits_for_long(cluster: Cluster, number: str, state: str = "PENDING") -> None:
    cluster.is_now(number, state, Reason="Resources", SubmitTime=ago(6))


def test_a_job_that_begins_as_its_time_to_wait_is_up_goes_on(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    submit = sent(cluster, "spr", limit=5)
    waits_for_long(cluster, "1")
    cluster.begins("1")
    watching.end_overdue(cluster.submits, submit, standings(cluster.submits, submit), {})
    assert words(cluster, submit) == {"spr": "running"}
    assert "ended" not in capsys.readouterr().out


def test_a_job_that_is_held_under_another_word_is_ended_too(cluster: Cluster) -> None:
    submit = sent(cluster, "spr", limit=5)
    waits_for_long(cluster, "1", "RESV_DEL_HOLD")
    watching.end_overdue(cluster.submits, submit, standings(cluster.submits, submit), {})
    assert cluster.calls("scancel") == ["scancel 1"]


def test_a_job_that_begins_as_it_is_cancelled_may_end_its_containers(cluster: Cluster) -> None:
    submit = sent(cluster, "spr")
    cluster.begins("1")
    assert watching.cancel(cluster.submits, submit) == {}
    assert cluster.calls("scancel") == [
        "scancel --state=PENDING 1",
        "scancel --batch --signal=TERM 1",
    ]


def test_what_scancel_fails_to_end_once_is_ended_at_the_next_look(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    submit = sent(cluster, "spr", limit=5)
    waits_for_long(cluster, "1")
    scancel = cluster.programs / "scancel"
    program = scancel.read_text()
    scancel.write_text("#!/bin/sh\necho 'Unable to contact slurm controller' >&2; exit 1\n")

    def sleep(_: float) -> None:
        scancel.write_text(program)

    found = watching.wait(cluster.submits, submit, sleep)
    assert [it.word for it in found] == ["killed"]
    said = capsys.readouterr().out
    assert "could not end spr (Unable to contact slurm controller)" in said
    assert "submit: ended spr" in said


def test_what_may_not_be_ended_is_waited_for_once_it_has_begun(cluster: Cluster) -> None:
    submit = sent(cluster, "spr", "icx", limit=5)
    waits_for_long(cluster, "1")
    cluster.is_now("2", "RUNNING", NodeList="n2")
    (cluster.folder / "deny").touch()
    looks = list[float]()

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        cluster.is_now("1", "RUNNING", NodeList="n1")
        if len(looks) > 1:
            cluster.is_now("2", "FAILED", ExitCode="13:0", NodeList="n2")
        if len(looks) > 2:
            cluster.is_now("1", "FAILED", ExitCode="13:0", NodeList="n1")

    found = watching.wait(cluster.submits, submit, sleep)
    assert [it.word for it in found] == ["failed", "failed"]


def test_slurm_is_not_asked_again_about_a_job_that_is_over(cluster: Cluster) -> None:
    submit = sent(cluster, "spr", "icx")
    (cluster.folder / "state-1").unlink()  # Slurm has forgotten it: accounting is asked
    bundle_of(cluster.submits, submit, submit.jobs[0]).write_bytes(b"")
    looks, before = list[float](), len(cluster.calls("sacct"))

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 5:
            cluster.is_now("2", "FAILED", ExitCode="13:0", NodeList="n2")

    found = watching.wait(cluster.submits, submit, sleep)
    assert [it.word for it in found] == ["done", "failed"]
    assert len(cluster.calls("sacct")) == before + 1


def test_waiting_for_a_silent_scheduler_ends_by_the_clock(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, looks = sent(cluster, "spr"), list[float]()
    monkeypatch.setattr(watching, "SILENT_S", 0)
    (cluster.folder / "silent").touch()
    with pytest.raises(SchedulerError, match="Unable to contact slurm controller"):
        watching.wait(cluster.submits, submit, looks.append)
    assert len(looks) == 1


def test_the_command_that_compares_is_one_for_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my runs").mkdir()
    cluster = Cluster(tmp_path / "my runs", monkeypatch)
    submit = sent(cluster, "spr", "icx")
    for number, job in zip("12", submit.jobs, strict=True):
        cluster.is_now(number, "COMPLETED", ExitCode="0:0", NodeList="n1")
        bundle_of(cluster.submits, submit, job).write_bytes(b"")
    monkeypatch.setattr(standing, "_is_whole", lambda _: True)
    tasks.jobs.body(Context(), str(cluster.artifacts))
    command = shlex.split(capsys.readouterr().out.rpartition("compare them: ")[2])
    bundles = (bundle_of(cluster.submits, submit, job) for job in submit.jobs)
    named = [f"{kind}={path}" for kind, path in zip(("spr", "icx"), bundles, strict=True)]
    assert command == ["invoke", "diff", *named]
