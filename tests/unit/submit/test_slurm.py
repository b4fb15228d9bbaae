"""What Slurm's programs say, in odd words, of others' jobs, and with refusals."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from docker.paths import ROOT
from docker.submit import sending, slurm, standing, state, tasks, watching
from docker.submit.seen import accounted_in, shown_in
from docker.submit.standing import standings
from docker.submit.words import RUNNING, STARTING, SUSPENDED, WAITING
from stages.errors import SchedulerError
from tests.unit.submit.cluster import Cluster, order, sent, without_numbers, words

ENDED = ["COMPLETING", "STAGE_OUT"]
ALIVE = WAITING | STARTING | RUNNING | SUSPENDED
THESIS = "JobId=1 JobName=thesis UserId=alice(1001) JobState=RUNNING NodeList=n1"


def test_a_job_of_another_with_the_same_number_is_neither_shown_nor_signalled(
    cluster: Cluster,
) -> None:
    submit = sent(cluster, "spr")
    cluster.answers("1", THESIS)
    assert words(cluster, submit) == {"spr": "lost"}
    assert "if `squeue -j 1` shows none" in standings(cluster.submits, submit)[0].remedy
    assert watching.cancel(cluster.submits, submit) == {}
    assert cluster.calls("scancel") == []


def test_a_job_that_calls_itself_ours_in_what_its_user_chose_is_not_ours() -> None:
    said = "JobId=1 JobName=thesis JobState=RUNNING Comment=x JobName=ours JobState=FAILED"
    assert shown_in(said, "ours") is None


def test_accounting_knows_our_job_though_its_number_is_anothers_now() -> None:
    said = "1|thesis|RUNNING|0:0|n1|||\n1|ours|FAILED|13:0|n1|||\n"
    seen = accounted_in(said, "ours")
    assert seen
    assert (seen.state, seen.code) == ("FAILED", 13)
    assert accounted_in(said, "other") is None


@pytest.mark.parametrize("word", [*sorted(ALIVE), "SOME_NEW_WORD"])
def test_a_job_that_may_be_alive_is_not_sent_again_and_can_be_cancelled(
    cluster: Cluster, word: str
) -> None:
    submit = sent(cluster, "spr")
    cluster.is_now("1", word, NodeList="n1")
    assert sending.again(cluster.submits) == submit
    (cluster.folder / "deny").touch()
    [(kind, why)] = watching.cancel(cluster.submits, submit).items()
    assert kind == "spr"
    assert "Access denied" in why


@pytest.mark.parametrize("word", ENDED)
def test_a_job_whose_node_is_cleared_up_is_ended_but_not_over(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    submit = sent(cluster, "spr")
    cluster.is_now("1", word, ExitCode="0:0", NodeList="n1")
    assert sending.again(cluster.submits) == submit
    tasks.cancel.body(Context(), str(cluster.artifacts))
    assert cluster.calls("scancel") == []
    assert "ending" in capsys.readouterr().out


@pytest.mark.parametrize("said", ["\n", "<html>", "JobId=1", "JobState=FAILED"])
def test_an_answer_that_is_none_ends_no_job_and_begins_none(cluster: Cluster, said: str) -> None:
    submit = sent(cluster, "spr")
    cluster.answers("1", said)
    assert words(cluster, submit) == {"spr": "not known"}
    assert sending.again(cluster.submits) == submit
    assert "no state" in watching.cancel(cluster.submits, submit)["spr"]
    assert cluster.calls("scancel") == []


def test_waiting_ends_if_answers_are_never_understood(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = sent(cluster, "spr")
    monkeypatch.setattr(watching, "SILENT_S", 0)
    cluster.is_now("1", "SOME_NEW_WORD")
    looks = list[float]()
    with pytest.raises(SchedulerError, match="not understood"):
        watching.wait(cluster.submits, submit, looks.append)
    assert len(looks) == 1


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("12\n", "12"),
        ("12;mega\n", "12"),
        ("Welcome to MegaCluster\nSubmitted batch job 12\n", "12"),
        ("Submitted batch job 12 on cluster mega\n", "12"),
        ("2 nodes are down\n12\n", "12"),
        ("11\n12\n", ""),
        ("--user=root\n", ""),
        ("\u0663\n", ""),
        ("9" * 5000, ""),
        ("", ""),
    ],
)
def test_only_a_number_that_is_certain_is_one(said: str, number: str) -> None:
    assert slurm.number_in(said) == number


def test_a_job_whose_number_sbatch_does_not_say_is_found_by_its_name(cluster: Cluster) -> None:
    (cluster.folder / "said").write_text("--user=root\n")
    assert [job.id for job in sent(cluster, "spr").jobs] == ["1"]


def test_what_a_site_hides_of_its_partitions_is_there_all_the_same(cluster: Cluster) -> None:
    (cluster.folder / "hidden").touch()
    sending.require_nodes(["spr"])
    begun = sending.begin(cluster.submits, cluster.artifacts, order("spr"), "itex")
    made = sending.send_all(cluster.submits, cluster.artifacts, begun)
    assert words(cluster, sending.adopt(without_numbers(made))) == {"spr": "pending"}


def test_a_submission_without_an_answer_ends_and_says_so(cluster: Cluster) -> None:
    (cluster.folder / "sent-nothing").touch()
    begun = sending.begin(cluster.submits, cluster.artifacts, order("spr"), "itex")
    with pytest.raises(SchedulerError, match=r"no number of a job \(''\)"):
        sending.send_all(cluster.submits, cluster.artifacts, begun)
    [found] = standings(cluster.submits, begun)
    assert (found.word, found.detail) == ("not sent", "Slurm knows no job of its name")


def test_cancel_says_what_slurm_refuses_and_fails(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    sent(cluster, "spr", "icx")
    cluster.is_now("1", "RUNNING", NodeList="n1")
    (cluster.folder / "deny").touch()
    with pytest.raises(Exit) as ended:
        tasks.cancel.body(Context(), str(cluster.artifacts))
    assert ended.value.code == SchedulerError.exit_code
    assert "not ended: spr (scancel: error: Kill job error" in capsys.readouterr().err


def test_what_may_not_be_ended_is_said_once_and_no_longer_waited_for(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    submit = sent(cluster, "spr", "icx", limit=5)
    began = (datetime.now() - timedelta(minutes=6)).isoformat(timespec="seconds")
    cluster.is_now("1", "PENDING", Reason="Resources", SubmitTime=began)
    cluster.is_now("2", "RUNNING", NodeList="n2")
    (cluster.folder / "deny").touch()
    looks = list[float]()

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            cluster.is_now("2", "FAILED", ExitCode="13:0", NodeList="n2")

    found = watching.wait(cluster.submits, submit, sleep)
    said = capsys.readouterr().out
    assert {it.job.kind: it.word for it in found} == {"spr": "pending", "icx": "failed"}
    assert said.count("could not end spr (scancel: error: Kill job error") == 1
    assert "submit: ended" not in said


@pytest.mark.parametrize(
    "fields",
    [
        "ExitCode=\u00b2:0",
        f"ExitCode={'9' * 5000}:{'9' * 5000}",
        "SubmitTime=2026-11-27T20:00:00+0000",
        "StartTime=0001-01-01T00:00:00+23:59",
    ],
)
@pytest.mark.parametrize("word", ["PENDING", "RUNNING", "FAILED"])
def test_fields_that_are_odd_do_not_end_it(cluster: Cluster, word: str, fields: str) -> None:
    submit = sent(cluster, "spr")
    cluster.answers("1", f"JobName={submit.jobs[0].name} JobState={word} NodeList=n1 {fields}")
    standing.table(standings(cluster.submits, submit))


def test_a_time_with_an_offset_is_that_of_this_zone() -> None:
    begin = datetime.now(timezone.utc) - timedelta(minutes=7)
    said = f"JobName=ours JobState=PENDING SubmitTime={begin.isoformat()}"
    seen = shown_in(said, "ours")
    assert seen
    assert seen.submitted
    assert 6 <= (datetime.now() - seen.submitted).total_seconds() / 60 <= 8


@pytest.mark.parametrize("said", ["Unknown", "-7min", ""])
def test_a_time_that_can_not_be_read_is_shown_as_such(cluster: Cluster, said: str) -> None:
    submit = sent(cluster, "spr", limit=5)
    for word in ("PENDING", "RUNNING"):
        cluster.is_now("1", word, Reason="Priority", NodeList="n1", SubmitTime=said, StartTime=said)
        found = standings(cluster.submits, submit)
        assert "unknown time" in standing.table(found)
        assert ("no --pending-limit ends it" in standing.table(found)) == (word == "PENDING")
        watching.end_overdue(cluster.submits, submit, found, {})


def test_slurms_programs_do_not_have_the_users_own_defaults(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "SLURM_CLUSTERS",
        "SLURM_TIME_FORMAT",
        "SQUEUE_PARTITION",
        "SCANCEL_NAME",
        "SCONTROL_X",
        "SINFO_X",
        "SACCT_X",
    ):
        monkeypatch.setenv(name, "theirs")
    for name in ("SLURM_CONF", "SBATCH_ACCOUNT"):
        monkeypatch.setenv(name, "kept")
    slurm.features()
    submit = sent(cluster, "spr")
    watching.cancel(cluster.submits, submit)
    for program in ("sinfo", "squeue", "scontrol", "scancel", "sacct"):
        environ = (cluster.folder / f"had-{program}").read_text()
        assert "=theirs" not in environ
        assert "SLURM_CONF=kept" in environ
    assert cluster.environment_of("1")["SBATCH_ACCOUNT"] == "kept"


@pytest.mark.parametrize("program", ["sinfo", "squeue", "scontrol", "scancel", "sbatch"])
def test_slurms_programs_end_with_whoever_asks(cluster: Cluster, program: str) -> None:
    path = cluster.programs / program
    path.write_text('#!/bin/sh\necho $$ >"$CLUSTER/number"\nexec sleep 60\n')
    asked = f"from docker.submit import slurm; slurm._run(['{program}'])"
    child = subprocess.Popen([sys.executable, "-c", asked], cwd=ROOT)
    number = until(lambda: (cluster.folder / "number").read_text().strip())
    child.kill()
    child.wait()
    until(lambda: "gone" if is_gone(number) else "")


def is_gone(number: str) -> bool:
    try:
        return Path("/proc", number, "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def until(found: Callable[[], str]) -> str:
    for _ in range(600):
        with suppress(OSError):
            if text := found():
                return text
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def test_a_wrapper_of_sbatch_that_is_given_up_sends_no_job_later(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "ANSWER_S", 1)
    wrapper, real = cluster.programs / "sbatch", cluster.programs / "real-sbatch"
    wrapper.rename(real)
    wrapper.write_text('#!/bin/bash\n(sleep 2; touch "$CLUSTER/late"; real-sbatch "$@")\necho\n')
    wrapper.chmod(0o755)
    begun = sending.begin(cluster.submits, cluster.artifacts, order("spr"), "itex")
    with pytest.raises(SchedulerError, match="sbatch gave no answer in 1 s"):
        sending.send_all(cluster.submits, cluster.artifacts, begun)
    time.sleep(2)
    assert not (cluster.folder / "late").exists()


def test_a_job_that_is_there_though_sbatch_gave_no_answer_is_taken(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "ANSWER_S", 2)
    program = (cluster.programs / "sbatch").read_text()
    (cluster.programs / "sbatch").write_text(f"{program}\n[[ $name != sbatch ]] || sleep 60\n")
    assert [job.id for job in sent(cluster, "spr").jobs] == ["1"]


def test_accounting_is_asked_for_jobs_of_earlier_days_too(cluster: Cluster) -> None:
    sacct = cluster.programs / "sacct"
    sacct.write_text('#!/bin/bash\n[[ " $* " != *" --starttime="* ]] || echo 7\n')
    assert slurm.find("a job of yesterday") == "7"


@pytest.mark.parametrize("allowed", ["20*--endtime=20", "now-7days", "now-1days", ""])
def test_accounting_that_refuses_to_look_at_so_many_days_is_asked_for_fewer(
    cluster: Cluster, allowed: str
) -> None:
    refused = 'echo "sacct: error: slurmdbd: Too wide of a date range in query" >&2; exit 1'
    given = f'"$*" == *--starttime={allowed}*' if allowed else '"$*" != *--starttime=*'
    cluster.accounts(f"[[ {given} ]] && echo 7 || {{ {refused}; }}")
    assert slurm.find("vgg19-20261127T141500Z-0a2bfed7-spr-0a1b") == "7"


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("vgg19-20260301T001500Z-0a2bfed7-spr-0a1b", "2026-02-28"),
        ("vgg19-20269999T001500Z-0a2bfed7-spr-0a1b", "now-60days"),
        ("vgg19-00010101T001500Z-0a2bfed7-spr-0a1b", "now-60days"),
    ],
)
def test_accounting_is_asked_since_the_day_before_the_submit(
    cluster: Cluster, name: str, since: str
) -> None:
    slurm.find(name)
    [asked] = cluster.calls("sacct")
    assert f" --starttime={since} " in asked


def test_accounting_is_asked_from_no_day_to_come(cluster: Cluster) -> None:
    slurm.find("vgg19-20990101T001500Z-0a2bfed7-spr-0a1b")
    [asked] = cluster.calls("sacct")
    since = re.search(r" --starttime=(\S+) ", asked)
    assert since
    assert since[1] < f"{datetime.now():%Y-%m-%d}"


def test_accounting_that_is_switched_off_is_asked_once(cluster: Cluster) -> None:
    cluster.accounts('echo x >>asked; echo "Slurm accounting storage is disabled" >&2; exit 1')
    assert slurm.find("a job of yesterday") == ""
    assert (cluster.folder / "asked").read_text() == "x\n"


def test_a_job_that_a_busy_slurm_takes_late_is_not_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "LATE_S", 30.0)
    monkeypatch.setattr(slurm, "LATE_PAUSE_S", 0.0)
    begun = sending.begin(cluster.submits, cluster.artifacts, order("spr"), "itex")
    (cluster.folder / "answers-late").write_text("now")
    (cluster.folder / "late-looks").write_text("3")  # one of them before it is sent
    submit = sending.send_all(cluster.submits, cluster.artifacts, begun)
    assert [(job.id, job.refusal) for job in submit.jobs] == [("1", "")]
    assert len(cluster.calls("squeue")) == 4


def test_what_slurm_refuses_outright_is_looked_for_once(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "LATE_S", 30.0)
    (cluster.folder / "refuse-spr").touch()
    assert words(cluster, sent(cluster, "spr")) == {"spr": "refused"}
    assert len(cluster.calls("squeue")) == 2


SECRET = "Password for http://bob:hunter2@h"


def test_no_password_is_shown_that_slurms_programs_or_a_log_say(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    submit = sent(cluster, "spr", "icx", "clx")
    (cluster.submits / submit.id / "spr-1.log").write_text(f"profile: error: {SECRET}\n")
    cluster.is_now("1", "FAILED", ExitCode="13:0", NodeList="n1")
    cluster.is_now("2", "PENDING", Reason=SECRET.rpartition(" ")[2])
    tasks.jobs.body(Context(), str(cluster.artifacts))
    (cluster.programs / "scancel").write_text(f"#!/bin/sh\necho '{SECRET}' >&2\nexit 1\n")
    with pytest.raises(Exit):
        tasks.cancel.body(Context(), str(cluster.artifacts))
    (cluster.folder / "said").write_text(SECRET)
    (cluster.programs / "squeue").write_text("#!/bin/sh\n")
    with pytest.raises(SchedulerError) as caught:
        slurm.send("name", [], os.environ, ROOT)
    said = "".join(capsys.readouterr()) + str(caught.value)
    assert said.count("***@h") >= 4
    assert "hunter2" not in said


def test_a_log_that_is_a_pipe_is_not_waited_for(cluster: Cluster) -> None:
    submit = sent(cluster, "spr")
    os.mkfifo(cluster.submits / submit.id / "spr-1.log")
    cluster.is_now("1", "FAILED", ExitCode="13:0", NodeList="n1")
    assert words(cluster, submit) == {"spr": "failed"}


def test_showing_jobs_writes_nothing_while_a_submit_may(cluster: Cluster) -> None:
    begun = sending.begin(cluster.submits, cluster.artifacts, order("spr"), "itex")
    sending.send_all(cluster.submits, cluster.artifacts, begun)
    path = cluster.submits / begun.id / "submit.json"
    state.write(cluster.submits, begun)  # as if no number had been written down
    before = path.read_bytes()
    tasks.jobs.body(Context(), str(cluster.artifacts))
    assert path.read_bytes() == before
