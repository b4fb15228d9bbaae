"""Jobs on several kinds of nodes, sent to a stand-in for Slurm."""

import dataclasses
import json
import shutil
import time
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.program import Program

from docker import running
from docker.host.env_file import environment
from docker.submit import seen, sending, slurm, state, tasks, watching
from docker.submit.order import read_kinds
from docker.submit.standing import Standing, standing_of, standings
from docker.submit.state import Submit, bundle_of, log_of
from stages.command_line import load
from stages.errors import (
    ArtifactsBusyError,
    InputMissingError,
    SchedulerError,
    SettingsError,
)
from stages.evidence.archive import pack
from stages.files.checksums import write_checksums
from stages.folder.lock import writing_alone
from stages.settings import env_name, specs
from tests.unit.submit.cluster import Cluster, order, sent, without_numbers, words


def leave_bundle(cluster: Cluster, submit: Submit, kind: str) -> None:
    job = next(job for job in submit.jobs if job.kind == kind)
    packed = cluster.folder / "packed"
    packed.mkdir(exist_ok=True)
    (packed / "manifest.json").write_text("{}")
    if not (packed / "SHA256SUMS").exists():
        write_checksums(packed)
    pack(packed, bundle_of(cluster.submits, submit, job))


@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_bundle_is_none_and_its_job_is_sent_again(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], cut: bool
) -> None:
    submit = sent(cluster, "spr", "icx")
    for number, kind in (("1", "spr"), ("2", "icx")):
        leave_bundle(cluster, submit, kind)
        cluster.is_now(number, "COMPLETED", ExitCode="0:0")
    bundle = bundle_of(cluster.submits, submit, submit.jobs[0])
    content = bundle.read_bytes()
    bundle.write_bytes(content[:-600] if cut else content.replace(b"{}", b"[]"))
    tasks.jobs.body(Context(), str(cluster.artifacts))
    assert "damaged" in capsys.readouterr().out
    submit = sending.again(cluster.submits)
    assert not bundle.exists()
    submit = sending.send_all(cluster.submits, cluster.artifacts, submit)
    assert [job.id for job in submit.jobs] == ["3", "2"]


def test_each_kind_gets_a_whole_node_of_its_own(cluster: Cluster) -> None:
    submit = sent(cluster, "spr", "icx")
    asked = cluster.calls("sbatch")
    assert [("--exclusive" in it, "--no-requeue" in it) for it in asked] == [(True, True)] * 2
    assert ["--constraint=spr" in it for it in asked] == [True, False]
    assert [job.id for job in submit.jobs] == ["1", "2"]
    assert cluster.environment_of("2")["LABEL"] == "icx"


def test_a_job_is_given_the_file_that_names_it_until_another_has_its_place(
    cluster: Cluster,
) -> None:
    [job] = sent(cluster, "spr").jobs
    file = Path(cluster.environment_of("1")["SUBMIT_JSON"])
    assert f'"{job.name}"' in file.read_text()
    cluster.is_now("1", "FAILED", ExitCode="13:0", NodeList="n1")
    sending.again(cluster.submits)
    assert f'"{job.name}"' not in file.read_text()


def test_a_job_runs_in_the_clone_that_it_was_submitted_for(
    cluster: Cluster, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    begun = sending.begin(cluster.submits, cluster.artifacts, order("spr"), "itex")
    sending.send_all(cluster.submits, cluster.artifacts, begun, clone)
    # run_job.sh looks for the clone where sbatch was called.
    assert cluster.environment_of("1")["OLDPWD"] == str(clone)


def test_a_job_gets_its_settings_and_cores_of_its_own(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VGG19_CORES", "0,1")
    monkeypatch.setenv("VGG19_BACKBONE", "https://me:secret@example.org/module")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@example.org")
    for name in ("PASSWORD", "TOKEN", "USERNAME"):
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", "secret")
    sent(cluster, "spr", isas="AVX2,AVX512_CORE", backbone="https://me:secret@example.org/module")
    environ = cluster.environment_of("1")
    assert environ["VGG19_ISAS"] == "AVX2,AVX512_CORE"
    assert "VGG19_CORES" not in environ
    assert "secret" not in str(environ)
    assert "secret" not in next(cluster.submits.glob("*/submit.json")).read_text()
    assert (Path(environ["VGG19_ARTIFACTS"]) / "quantize" / "SHA256SUMS").is_file()


OF_THE_SITE = {"SBATCH_ACCOUNT", "SBATCH_PARTITION", "SBATCH_QOS", "SBATCH_RESERVATION"}
OF_JOBS = {
    *("SBATCH_WAIT", "SBATCH_ARRAY_INX", "SBATCH_REQUEUE", "SBATCH_CLUSTERS", "SLURM_CLUSTERS"),
    *("SBATCH_SIGNAL", "SBATCH_ERROR", "SBATCH_OUTPUT", "SBATCH_JOB_NAME", "SBATCH_CONTAINER"),
    *("SBATCH_OF_A_LATER_SLURM", "SLURM_HINT"),
}


def test_no_variable_of_sbatch_makes_another_job_of_it(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in OF_THE_SITE | OF_JOBS:
        monkeypatch.setenv(name, "1")
    sent(cluster, "spr")
    assert {*cluster.environment_of("1")} & (OF_THE_SITE | OF_JOBS) == OF_THE_SITE


@pytest.mark.parametrize(
    ("flags", "here", "there"),
    [
        ((), "docker", ""),
        *(((f"--runner={name}",), name, name) for name in ("docker", "apptainer", "local")),
    ],
)
def test_jobs_run_their_stages_by_the_runner_that_was_named_and_no_other(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], here: str, there: str
) -> None:
    ran, task = list[str](), tasks.submit_task({"artifacts": specs()["artifacts"]})

    def run(_: object, __: str, runner: str, ___: object) -> int:
        ran.append(runner)
        return 0

    monkeypatch.setattr(tasks, "run_stages", run)
    monkeypatch.setattr(tasks, "_await", lambda *_: None)
    given = ("submit", "--kinds=spr", f"--artifacts={cluster.artifacts}", *flags)
    Program(namespace=Collection(task)).run(["invoke", *given], exit=False)
    assert (ran, cluster.environment_of("1")["RUNNER"]) == ([here], there)
    begun = state.require_last(cluster.submits)
    assert (begun.runner, begun.jobs[0].id) == (there, "1")


def test_a_job_that_was_sent_by_a_killed_submit_is_not_sent_again(cluster: Cluster) -> None:
    begun = sending.begin(cluster.submits, cluster.artifacts, order("spr", "icx"), "itex")
    made = sending.send_all(cluster.submits, cluster.artifacts, begun)
    forgotten = without_numbers(made)
    state.write(cluster.submits, forgotten)
    goes_on = sending.unfinished(cluster.submits, order("spr", "icx"))
    assert goes_on == sending.adopt(forgotten) == made
    submit = sending.send_all(cluster.submits, cluster.artifacts, forgotten)
    assert [job.id for job in submit.jobs] == ["1", "2"]
    assert len(cluster.calls("sbatch")) == 2


@pytest.mark.parametrize("late", ["now", "later"])
def test_a_job_that_slurm_takes_though_sbatch_fails_is_known_and_not_sent_again(
    cluster: Cluster, late: str
) -> None:
    (cluster.folder / "answers-late").write_text(late)
    submit = sent(cluster, "spr")
    assert words(cluster, submit) == {"spr": "pending" if late == "now" else "refused"}
    (cluster.folder / "job-1").write_text(f"name={submit.jobs[0].name}\n")  # by now it is there
    assert sending.unfinished(cluster.submits, order("spr")) == sending.again(cluster.submits)
    sending.send_all(cluster.submits, cluster.artifacts, sending.again(cluster.submits))
    assert len(cluster.calls("sbatch")) == 1
    with suppress(Exit):
        tasks.cancel.body(Context(), str(cluster.artifacts))
    assert words(cluster, sending.adopt(submit)) == {"spr": "killed"}


def names_of_jobs(cluster: Cluster) -> str:
    """Return all that the files of submits say: a job that finds its name nowhere runs nothing."""
    return "".join(path.read_text() for path in cluster.submits.glob("*/submit.json"))


@pytest.mark.parametrize("by", ["another submit", "cancel"])
def test_a_job_that_comes_after_it_was_replaced_or_cancelled_measures_nothing(
    cluster: Cluster, by: str
) -> None:
    (cluster.folder / "answers-late").write_text("later")
    [late] = sent(cluster, "spr").jobs
    assert f'"{late.name}"' in names_of_jobs(cluster)
    if by == "cancel":
        with suppress(Exit):
            tasks.cancel.body(Context(), str(cluster.artifacts))
    else:
        assert sending.unfinished(cluster.submits, order("spr")) is None
        sent(cluster, "spr")
    assert f'"{late.name}"' not in names_of_jobs(cluster)


def test_what_is_sent_once_more_has_another_name(cluster: Cluster) -> None:
    begun = sending.begin(cluster.submits, cluster.artifacts, order("spr"), "itex")
    tried = begun.jobs[0].name  # and Slurm gave no answer in time
    [job] = sending.send_all(cluster.submits, cluster.artifacts, begun).jobs
    assert job.id
    assert tried not in names_of_jobs(cluster)


def test_what_the_queue_refuses_leaves_the_others_as_they_are(cluster: Cluster) -> None:
    (cluster.folder / "refuse-spr").touch()
    submit = sent(cluster, "spr", "icx")
    assert words(cluster, submit) == {"spr": "refused", "icx": "pending"}
    assert "queue is full" in standings(cluster.submits, submit)[0].detail


@pytest.mark.parametrize(
    ("now", "fields", "word", "said"),
    [
        ("PENDING", {"Reason": "Priority"}, "pending", "wait"),
        ("PENDING", {"Reason": "InvalidAccount"}, "pending", "invoke cancel"),
        ("RUNNING", {"NodeList": "n1"}, "running", "n1"),
        ("FAILED", {"ExitCode": "13:0", "NodeList": "n1"}, "failed", "profile: error: it died"),
        ("FAILED", {"ExitCode": "17:0", "NodeList": "n1"}, "unfit node", "features corrected"),
        ("COMPLETED", {"ExitCode": "0:0", "NodeList": "n1"}, "failed", "--again"),
        ("FAILED", {"ExitCode": "0:9", "NodeList": "n1"}, "killed", "signal 9"),
        ("FAILED", {"ExitCode": "0:53", "NodeList": "n1"}, "failed", "could not begin it on n1"),
        ("FAILED", {"ExitCode": "143:0", "NodeList": "n1"}, "killed", "a signal of Slurm's on n1"),
        ("FAILED", {"ExitCode": "0:9", "NodeList": ""}, "killed", "that Slurm does not name"),
        ("REVOKED", {"NodeList": "(null)"}, "running", "on a node that Slurm does not name"),
        ("NODE_FAIL", {"ExitCode": "0:0", "NodeList": "n1"}, "killed", "NODE_FAIL on n1"),
        ("CANCELLED", {"NodeList": "(null)"}, "killed", "before it began"),
        ("TIMEOUT", {"ExitCode": "0:15", "NodeList": "n1"}, "timed out", "SBATCH_TIMELIMIT"),
    ],
)
def test_each_end_has_a_word_and_what_to_do(
    cluster: Cluster, now: str, fields: dict[str, str], word: str, said: str
) -> None:
    submit = sent(cluster, "spr")
    log_of(cluster.submits, submit, submit.jobs[0]).write_text(
        "x\nprofile: error: it died\nx\n"
        "run_job: error: the profile failed; its last line above says why\n"
    )
    cluster.is_now("1", now, **fields)
    [found] = standings(cluster.submits, submit)
    assert found.word == word
    assert said in f"{found.detail}; {found.remedy}"


def test_a_bundle_is_what_makes_a_job_done(cluster: Cluster) -> None:
    submit = sent(cluster, "spr", "icx")
    for number in "12":
        (cluster.folder / f"state-{number}").unlink()  # Slurm forgets what ended
    leave_bundle(cluster, submit, "spr")
    assert words(cluster, submit) == {"spr": "done", "icx": "lost"}


@pytest.mark.parametrize("refusal", ["", "sbatch: error: Socket timed out"])
def test_a_job_that_slurm_forgot_before_its_number_was_known_is_done_with_its_bundle(
    cluster: Cluster, refusal: str
) -> None:
    submit = sending.begin(cluster.submits, cluster.artifacts, order("spr", "icx"), "itex")
    submit = submit.but(msgspec.structs.replace(submit.jobs[0], refusal=refusal))
    (cluster.submits / submit.id).mkdir(exist_ok=True)
    leave_bundle(cluster, submit, "spr")
    submit = sending.send_all(cluster.submits, cluster.artifacts, submit)
    assert words(cluster, submit) == {"spr": "done", "icx": "pending"}
    assert [job.id for job in sending.again(cluster.submits).jobs] == ["", "1"]
    assert len(cluster.calls("sbatch")) == 1


def test_only_what_ended_without_a_bundle_is_sent_again(cluster: Cluster) -> None:
    submit = sent(cluster, "spr", "icx", "clx")
    leave_bundle(cluster, submit, "spr")
    cluster.is_now("1", "COMPLETED", ExitCode="0:0")
    cluster.is_now("2", "FAILED", ExitCode="13:0")
    submit = sending.again(cluster.submits)
    submit = sending.send_all(cluster.submits, cluster.artifacts, submit)
    assert {job.kind: job.id for job in submit.jobs} == {"spr": "1", "icx": "4", "clx": "3"}
    assert state.last(cluster.submits) == submit


@pytest.mark.parametrize("given", [{"runner": "docker"}, {"kinds": "icx"}])
def test_again_takes_nothing_that_is_given(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], given: dict[str, str]
) -> None:
    sent(cluster, "spr")
    flags = {"runner": "", "kinds": None, "pending_limit": None, **given}
    with pytest.raises(Exit) as ended:
        tasks.submit_task({}).body(Context(), again=True, artifacts=str(cluster.artifacts), **flags)
    assert ended.value.code == SettingsError.exit_code
    assert f"leave out {next(iter(given))}" in capsys.readouterr().err


def test_another_model_is_not_measured_for_the_same_submit(cluster: Cluster) -> None:
    submit = sent(cluster, "spr")
    (cluster.submits / submit.id / "spr" / "train" / "train.json").write_text("damaged")
    sending.share(cluster.artifacts, cluster.submits / submit.id / "spr", submit.inputs)
    (cluster.artifacts / "train" / "train.json").write_text("[]")
    sums = cluster.artifacts / "train" / "SHA256SUMS"
    sums.unlink()
    write_checksums(cluster.artifacts / "train")
    with pytest.raises(SettingsError, match="another than the submit began with"):
        sending.share(cluster.artifacts, cluster.submits / submit.id / "icx", submit.inputs)


def test_what_waits_too_long_is_ended(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    submit = sent(cluster, "spr", "icx", limit=5)
    for number, minutes in (("1", 6), ("2", 4)):
        began = (datetime.now() - timedelta(minutes=minutes)).isoformat(timespec="seconds")
        cluster.is_now(number, "PENDING", Reason="Resources", SubmitTime=began)
    found = standings(cluster.submits, submit)
    watching.end_overdue(cluster.submits, submit, found, {})
    assert cluster.calls("scancel") == ["scancel --state=PENDING 1"]
    assert "more than 5 min" in capsys.readouterr().out


def test_hours_that_a_clock_skips_are_none_of_waiting(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Now(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Now":
            return cls(2026, 3, 29, 3, 0, 30)

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    monkeypatch.setattr(seen, "datetime", Now)
    submit = sent(cluster, "spr")
    cluster.is_now("1", "PENDING", Reason="Resources", SubmitTime="2026-03-29T01:59:30")
    try:
        [found] = standings(cluster.submits, submit)
        assert found.pending_s == 60
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("word", ["SUSPENDED", "STOPPED"])
def test_a_job_that_is_suspended_has_its_node_and_is_ended_by_cancel_alone(
    cluster: Cluster, word: str
) -> None:
    submit = sent(cluster, "spr", limit=5)
    began = (datetime.now() - timedelta(minutes=50)).isoformat(timespec="seconds")
    cluster.is_now("1", word, NodeList="n1", SubmitTime=began, StartTime=began)
    [found] = standings(cluster.submits, submit)
    assert (found.word, found.detail, found.is_over) == ("suspended", "on n1", False)
    watching.end_overdue(cluster.submits, submit, [found], {})
    assert cluster.calls("scancel") == []
    assert watching.cancel(cluster.submits, submit) == {}
    # Slurm refuses to signal it.
    assert cluster.calls("scancel") == ["scancel 1"]


@pytest.mark.parametrize("word", ["CONFIGURING", "POWER_UP_NODE"])
def test_a_job_whose_node_boots_does_not_wait_for_one(cluster: Cluster, word: str) -> None:
    submit = sent(cluster, "spr", limit=5)
    began = (datetime.now() - timedelta(minutes=50)).isoformat(timespec="seconds")
    cluster.is_now("1", word, NodeList="n1", SubmitTime=began)
    [found] = standings(cluster.submits, submit)
    assert (found.word, found.detail, found.is_over) == ("starting", "on n1", False)
    watching.end_overdue(cluster.submits, submit, [found], {})
    assert cluster.calls("scancel") == []


def test_waiting_outlives_a_scheduler_that_is_restarted(cluster: Cluster) -> None:
    submit, silent = sent(cluster, "spr"), cluster.folder / "silent"
    silent.touch()

    def sleep(_: float) -> None:
        silent.unlink(missing_ok=True)
        cluster.is_now("1", "FAILED", ExitCode="13:0", NodeList="n1")

    assert [it.word for it in watching.wait(cluster.submits, submit, sleep)] == ["failed"]


@pytest.mark.parametrize(("spent_s", "rest_s"), [(0.015, 2.0), (2.0, 200.0)])
def test_looking_at_many_jobs_takes_at_most_a_hundredth_of_a_core(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, spent_s: float, rest_s: float
) -> None:
    submit, rests = sent(cluster, "spr"), list[float]()

    def sleep(seconds: float) -> None:
        rests.append(seconds)
        cluster.is_now("1", "FAILED", ExitCode="13:0", NodeList="n1")

    clock = count(0.0, spent_s)
    monkeypatch.setattr(watching, "cpu_seconds", lambda: next(clock))
    watching.wait(cluster.submits, submit, sleep)
    assert rests == [pytest.approx(rest_s)]


def test_a_running_job_may_end_its_containers_before_it_is_ended(cluster: Cluster) -> None:
    submit = sent(cluster, "spr", "icx")
    cluster.is_now("1", "RUNNING", NodeList="n1")
    watching.cancel(cluster.submits, submit)
    assert cluster.calls("scancel") == [
        "scancel --batch --signal=TERM 1",
        "scancel --state=PENDING 2",
    ]
    assert words(cluster, submit) == {"spr": "killed", "icx": "killed"}


def test_a_job_that_goes_on_after_it_was_cancelled_is_named(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "GRACE_S", 0.1)
    submit = sent(cluster, "spr", "icx", "clx")
    cluster.is_now("1", "RUNNING", NodeList="n1")
    for number in "12":
        (cluster.folder / f"deaf-{number}").touch()
    kept = watching.cancel(cluster.submits, submit)
    assert cluster.calls("scancel").count("scancel 1") == 1
    assert {kind: why.rpartition(" ")[2] for kind, why in kept.items()} == {
        "spr": "running",
        "icx": "pending",
    }


def test_one_scancel_that_hangs_keeps_no_other_job_from_being_ended(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(slurm, "ANSWER_S", 1)
    monkeypatch.setattr(watching, "GRACE_S", 0.1)
    submit = sent(cluster, "spr", "icx", "clx")
    for number in "123":
        cluster.is_now(number, "RUNNING", NodeList="n1")
    (cluster.folder / "hangs-1").touch()
    with pytest.raises(Exit) as ended:
        tasks.cancel.body(Context(), str(cluster.artifacts))
    assert ended.value.code == SchedulerError.exit_code
    assert words(cluster, submit) == {"spr": "running", "icx": "killed", "clx": "killed"}
    said = capsys.readouterr()
    assert "not ended: spr (Slurm can't be asked (scancel gave no answer in 1 s)" in said.err
    assert "icx" in said.out


def test_a_look_without_an_answer_keeps_no_job_from_being_ended(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, looks = sent(cluster, "spr"), count()
    cluster.is_now("1", "RUNNING", NodeList="n1")
    (cluster.folder / "deaf-1").touch()

    def once_silent(*given: Any) -> Standing:
        if next(looks) == 0:
            raise SchedulerError("no answer")
        return standing_of(*given)

    monkeypatch.setattr(watching, "standing_of", once_silent)
    monkeypatch.setattr(watching, "GRACE_S", 0.1)
    watching.cancel(cluster.submits, submit)
    assert cluster.calls("scancel") == ["scancel --batch --signal=TERM 1", "scancel 1"]


def test_bundles_are_given_to_diff_by_kind() -> None:
    job = state.Job(kind="spr", name="n")
    found = [Standing(job, "done", "/b.tar"), Standing(job, "failed", "why")]
    assert watching.bundles(found) == ["spr=/b.tar"]


@pytest.mark.parametrize("kinds", ["", "xyz", "spr,xyz", " , "])
def test_kinds_that_nobody_knows_are_refused(kinds: str) -> None:
    with pytest.raises(SettingsError, match="spr, emr, gnr"):
        read_kinds(kinds)


def test_a_kind_without_a_node_is_refused_before_anything_is_trained(cluster: Cluster) -> None:
    sending.require_nodes(["spr", "icx"])
    with pytest.raises(SettingsError, match="feature gnr; there are: clx, icx, spr"):
        sending.require_nodes(["spr", "gnr"])


def test_without_a_scheduler_a_line_says_where_to_run_it(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cluster.folder / "silent").touch()
    with pytest.raises(SchedulerError, match="Unable to contact slurm controller"):
        sending.require_nodes(["spr"])
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SchedulerError, match="login node"):
        sending.require_nodes(["spr"])


def test_another_submit_waits_for_the_jobs_of_the_last(cluster: Cluster) -> None:
    submit = sent(cluster, "spr")
    with pytest.raises(ArtifactsBusyError, match=submit.id):
        sending.unfinished(cluster.submits, order("icx"))
    cluster.is_now("1", "FAILED", ExitCode="1:0")
    assert sending.unfinished(cluster.submits, order("icx")) is None


OF_MODEL = {
    **{"data": "beans", "backbone": "imagenet", "model": "/models/mine", "force": "train"},
    "download_mirror": "https://me:secret@mirror.example.org",
}


@pytest.mark.parametrize("name", OF_MODEL)
@pytest.mark.parametrize("by", ["flag", "variable"])
def test_a_submit_of_other_data_or_of_another_model_is_another_one(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, name: str, by: str
) -> None:
    submit = sent(cluster, "spr")
    given: dict[str, Any] = {name: OF_MODEL[name]} if by == "flag" else {}
    if by == "variable":
        monkeypatch.setenv(env_name(name), OF_MODEL[name])
    with pytest.raises(ArtifactsBusyError, match=submit.id):
        sending.unfinished(cluster.submits, order("spr", **given))
    shutil.rmtree(cluster.submits / submit.id)
    other = sent(cluster, "spr", **given)
    assert sending.unfinished(cluster.submits, order("spr", **given)) == other
    assert "secret" not in (cluster.submits / other.id / "submit.json").read_text()


def test_a_submit_of_a_version_that_kept_nothing_of_its_model_goes_on(cluster: Cluster) -> None:
    path = cluster.submits / sent(cluster, "spr").id / "submit.json"
    fields = json.loads(path.read_text())
    del fields["of_model"]
    path.write_text(json.dumps(fields))
    assert sending.unfinished(cluster.submits, order("spr", data="beans"))


@pytest.mark.parametrize(("given", "minutes"), [("0", 0), ("90", 90), (None, 30)])
def test_the_limit_of_the_command_that_goes_on_holds(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, given: str | None, minutes: int
) -> None:
    submit = sent(cluster, "spr", limit=30)
    watched = list[Submit]()
    monkeypatch.setattr(tasks, "_await", lambda *seen: watched.append(seen[-1]))
    own = {"kinds": "spr", "pending_limit": given, "artifacts": str(cluster.artifacts)}
    tasks.submit_task({}).body(Context(), runner="", again=False, **own)
    assert [(it.id, it.pending_limit) for it in watched] == [(submit.id, minutes)]
    assert state.last(cluster.submits) == watched[0]


@pytest.mark.parametrize("by", ["flag", "variable", ".env"])
def test_another_submit_is_so_by_whichever_way_its_settings_come(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], by: str
) -> None:
    submit = sent(cluster, "spr")
    given: dict[str, str | None] = {"artifacts": str(cluster.artifacts), "kinds": "spr"}
    given |= {"pending_limit": None, "rounds": "3" if by == "flag" else None}
    if by == "variable":
        monkeypatch.setenv("VGG19_ROUNDS", "3")
    elif by == ".env":
        keep_in_env_file(cluster, monkeypatch, "VGG19_ROUNDS=3\n")
    with pytest.raises(Exit) as ended:
        tasks.submit_task({"rounds": specs()["rounds"]}).body(
            Context(), runner="", again=False, **given
        )
    assert ended.value.code == ArtifactsBusyError.exit_code
    assert submit.id in capsys.readouterr().err


def test_a_job_that_is_sent_again_gets_the_settings_of_its_submit_alone(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VGG19_BATCH_SIZE", "64")
    keep_in_env_file(cluster, monkeypatch, "VGG19_SEED=7\n")
    submit = sent(cluster, "spr", isas="AVX2")
    assert {"batch_size": "64", "seed": "7", "isas": "AVX2"}.items() <= submit.settings.items()
    cluster.is_now("1", "FAILED", ExitCode="13:0")
    monkeypatch.setenv("VGG19_BATCH_SIZE", "8")
    monkeypatch.setenv("VGG19_ROUNDS", "3")
    keep_in_env_file(cluster, monkeypatch, "VGG19_SEED=8\nVGG19_TIME_BUDGET=9\n")
    sending.send_all(cluster.submits, cluster.artifacts, sending.again(cluster.submits))
    monkeypatch.undo()
    job = load(environment(cluster.environment_of("2"), cluster.folder / ".env"))
    begun = load({env_name(name): text for name, text in submit.settings.items()})
    assert dataclasses.replace(job, artifacts=begun.artifacts) == begun


def keep_in_env_file(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    path = cluster.folder / ".env"
    path.write_text(text)
    monkeypatch.setattr(running, "environment", lambda: environment(env_file=path))


def test_two_submits_at_once_are_one(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    given = {"artifacts": str(cluster.artifacts), "kinds": "spr"}
    with writing_alone(cluster.submits, "submit"), pytest.raises(Exit) as ended:
        tasks.submit_task({}).body(Context(), runner="", pending_limit=None, again=False, **given)
    assert ended.value.code == ArtifactsBusyError.exit_code
    assert "is in use by submit" in capsys.readouterr().err
    assert cluster.calls("sbatch") == []


def test_without_a_submit_it_is_said_how_to_begin(cluster: Cluster) -> None:
    with pytest.raises(InputMissingError, match="invoke submit --kinds"):
        state.require_last(cluster.submits)


@pytest.mark.parametrize("minutes", ["-1", "x", "100001", "9" * 5000, "\u00b2"])
def test_a_limit_that_is_no_number_of_minutes_is_refused(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], minutes: str
) -> None:
    given = {"artifacts": str(cluster.artifacts), "kinds": "spr", "pending_limit": minutes}
    with pytest.raises(Exit) as ended:
        tasks.submit_task({}).body(Context(), runner="", again=False, **given)
    assert ended.value.code == SettingsError.exit_code
    assert "pending_limit must be minutes" in capsys.readouterr().err
