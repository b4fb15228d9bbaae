"""How a job stands that waits, ends or has ended, by what Slurm says of it."""

import pytest

from docker.submit.standing import standings
from docker.submit.state import Submit, log_of
from tests.unit.submit.cluster import Cluster, ago, sent, words

NOW = 0.0


def write_that_it_was_signalled(cluster: Cluster, submit: Submit) -> None:
    """Write the log of a job as run_job.sh ends it on the scheduler's signal."""
    log = log_of(cluster.submits, submit, submit.jobs[0])
    log.write_text("run_job: error: the scheduler ended the job; submit it again\n")


@pytest.mark.parametrize(
    ("limit", "began", "ended", "word"),
    [
        ("01:00:00", 60, 2, "timed out"),
        ("1-00:00:00", 1440, 2, "timed out"),
        ("00:02:00", 1, 0.5, "timed out"),
        ("01:00:00", 60, 30, "killed"),
        ("UNLIMITED", 60, 2, "killed"),
        ("Partition_Limit", 60, 2, "killed"),
    ],
)
@pytest.mark.parametrize("by", ["scontrol", "sacct"])
def test_a_job_that_slurm_signals_as_its_time_is_up_is_timed_out(
    cluster: Cluster, by: str, limit: str, began: float, ended: float, word: str
) -> None:
    submit = sent(cluster, "spr")
    times = {"StartTime": ago(began), "EndTime": ago(ended), "TimeLimit": limit}
    cluster.is_now("1", "FAILED", ExitCode="143:0", NodeList="n1", **times)
    if by == "sacct":
        (cluster.folder / "state-1").unlink()
        write_that_it_was_signalled(cluster, submit)
        line = f"1|{submit.jobs[0].name}|FAILED|15:0|n1|{ago(99)}|{'|'.join(times.values())}|None"
        cluster.accounts(f"echo '{line}'")
    [found] = standings(cluster.submits, submit)
    assert found.word == word
    assert ("SBATCH_TIMELIMIT" in found.remedy) == (word == "timed out")


def test_a_job_that_another_ended_near_its_limit_is_killed(cluster: Cluster) -> None:
    submit = sent(cluster, "spr")
    times = {"StartTime": ago(60), "EndTime": ago(2), "TimeLimit": "01:00:00"}
    cluster.is_now("1", "PREEMPTED", ExitCode="143:0", NodeList="n1", **times)
    assert words(cluster, submit) == {"spr": "killed"}


@pytest.mark.parametrize(
    ("state", "code", "said"),
    [
        ("OUT_OF_MEMORY", "0:125", ""),
        ("FAILED", "9:0", "slurmstepd-clx1: error: Exceeded job memory limit"),
        ("FAILED", "9:0", "slurmstepd: error: Detected 1 oom_kill event in StepId=1.batch. Sorry."),
    ],
)
def test_a_job_without_enough_memory_is_given_more(
    cluster: Cluster, state: str, code: str, said: str
) -> None:
    submit = sent(cluster, "spr")
    log_of(cluster.submits, submit, submit.jobs[0]).write_text(f"{said}\n")
    cluster.is_now("1", state, ExitCode=code, NodeList="n1")
    [found] = standings(cluster.submits, submit)
    assert (found.word, found.detail) == ("killed", "OUT_OF_MEMORY on n1")
    assert "SBATCH_MEM_PER_NODE" in found.remedy


def test_a_job_of_which_only_a_silent_accounting_knows_is_not_lost(cluster: Cluster) -> None:
    submit = sent(cluster, "spr")
    (cluster.folder / "state-1").unlink(missing_ok=True)
    down = "sacct: error: Problem talking to the database: Connection refused"
    cluster.accounts(f"{{ echo '{down}' >&2; exit 1; }}")
    [found] = standings(cluster.submits, submit)
    assert (found.word, found.is_over) == ("not known", False)
    assert "talking to the database" in found.detail
    assert "sacct" in found.remedy
    disabled = "sacct: error: Slurm accounting storage is disabled"
    cluster.accounts(f"{{ echo '{disabled}' >&2; exit 1; }}")
    assert words(cluster, submit) == {"spr": "lost"}


def test_more_time_is_no_help_against_a_deadline(cluster: Cluster) -> None:
    submit = sent(cluster, "spr")
    cluster.is_now("1", "DEADLINE", ExitCode="0:0", NodeList="n1")
    [found] = standings(cluster.submits, submit)
    assert found.word == "timed out"
    assert "deadline" in found.detail
    assert "SBATCH_TIMELIMIT" not in found.remedy


@pytest.mark.parametrize("said", ["", "run_job: error: no engine answers; start it"])
def test_a_code_of_accounting_is_a_signal_only_if_the_log_says_so(
    cluster: Cluster, said: str
) -> None:
    submit = sent(cluster, "spr")
    log_of(cluster.submits, submit, submit.jobs[0]).write_text(f"{said}\n")
    cluster.is_now("1", "FAILED", ExitCode="15:0", NodeList="n1")
    [found] = standings(cluster.submits, submit)
    assert found.word == "failed"
    assert said in found.detail


ENDS_BY_WAITING = [
    *("QOSMaxJobsPerUserLimit", "AssocMaxJobsLimit", "AssocGrpCpuLimit", "AssocGrpMemLimit"),
    *("QOSMaxCpuPerUserLimit", "QOSGrpNodeLimit", "QOSJobLimit", "Priority", "Dependency"),
    *("AssocGrpCPURunMinutesLimit", "QOSGrpBillingRunMinutes"),
    "ReqNodeNotAvail,_May_be_reserved_for_other_job",
    "ReqNodeNotAvail,_Reserved_for_maintenance",
]
NEVER_ENDS = [
    *("InvalidAccount", "InvalidQOS", "AccountNotAllowed", "QOSNotAllowed", "PartitionInactive"),
    *("PartitionDown", "ReservationDeleted", "DependencyNeverSatisfied", "JobHeldUser"),
    *("launch_failed_requeued_held", "job_requeued_in_held_state", "PartitionTimeLimit"),
    *("QOSMaxWallDurationPerJobLimit", "AssocMaxCpuPerJobLimit", "QOSMinCpuNotSatisfied"),
    *("AssocGrpCPUMinutesLimit", "QOSGrpCPUMinutesLimit", "AssocGrpBillingMinutes"),
    *("QOSGrpWallLimit", "QOSTimeLimit", "AssociationTimeLimit", "QOSMinGRES", "JobHoldMaxRequeue"),
    "BadConstraints",
]


@pytest.mark.parametrize("reason", ENDS_BY_WAITING + NEVER_ENDS)
def test_who_waits_for_what_never_comes_is_sent_to_cancel(cluster: Cluster, reason: str) -> None:
    submit = sent(cluster, "spr")
    cluster.is_now("1", "PENDING", Reason=reason, SubmitTime=ago(1))
    [found] = standings(cluster.submits, submit)
    assert ("`invoke cancel`" in found.remedy) == (reason in NEVER_ENDS)
    assert (found.remedy == "wait") == (reason in ENDS_BY_WAITING)


@pytest.mark.parametrize(
    "reason",
    [
        "Nodes_required_for_job_are_DOWN,_DRAINED_or_reserved_for_jobs_in_higher_priority"
        "_partitions",
        "ReqNodeNotAvail,_UnavailableNodes:spr[1-4]",
        "ReqNodeNotAvail",
    ],
)
def test_who_waits_for_nodes_that_may_be_down_or_in_use_is_shown_both(
    cluster: Cluster, reason: str
) -> None:
    submit = sent(cluster, "spr")
    cluster.is_now("1", "PENDING", Reason=reason, SubmitTime=ago(1))
    [found] = standings(cluster.submits, submit)
    assert found.remedy.startswith("wait; if `sinfo` has all such nodes down, `invoke cancel`")


@pytest.mark.parametrize(
    ("state", "code", "signal", "minutes", "word"),
    [
        ("COMPLETED", 0, 0, NOW, "ending"),
        ("FAILED", 23, 0, NOW, "ending"),
        ("COMPLETED", 0, 0, 2, "failed"),
        ("FAILED", 23, 0, 2, "failed"),
        ("FAILED", 13, 0, NOW, "failed"),
        ("FAILED", 0, 9, NOW, "killed"),
    ],
)
def test_a_bundle_that_is_seen_late_is_awaited_for_a_minute(
    cluster: Cluster, state: str, code: int, signal: int, minutes: float, word: str
) -> None:
    submit = sent(cluster, "spr")
    cluster.is_now("1", state, ExitCode=f"{code}:{signal}", NodeList="n1", EndTime=ago(minutes))
    assert words(cluster, submit) == {"spr": word}
