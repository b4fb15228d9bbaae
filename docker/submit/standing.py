"""How each job stands, and what to do: by what Slurm says of it, and by the bundle it left."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from docker.submit.job_log import lacked_memory, last_error
from docker.submit.seen import Seen, minutes_since, since
from docker.submit.slurm import AccountingError, look
from docker.submit.state import Job, Submit, bundle_of, log_of
from docker.submit.words import (
    DEADLINE,
    ENDING,
    KILLED,
    OUT_OF_MEMORY,
    OVER,
    RUNNING,
    STARTING,
    SUSPENDED,
    TIMED_OUT,
    WAITING,
    may_be_down,
    never_ends,
)
from stages.artifacts import verify
from stages.common.text import aligned
from stages.errors import HostError, InputCorruptError, InputMissingError, NotTrustedError
from stages.evidence.archive import unpack
from stages.folder.full_disk import scratch_folder
from stages.setting import foreign_words

NOT_KNOWN, DAMAGED = "not known", "damaged"
# By which run_job.sh says that the scheduler's signal ended it. sacct takes 128 off it, which then
# is another error's code: only the script's own words set them apart.
SIGNALLED, SAID_TO_BE_SIGNALLED = 143, "the scheduler ended the job"
# What Slurm has as the signal of a job whose log its node can't write: nothing was signalled.
NOT_LAUNCHED = 53
# Slurm sends that signal two minutes before a job's time is up, or up to a minute earlier.
EARLY = timedelta(minutes=3)
# With these run_job.sh has packed a bundle, which a network's file system may show later elsewhere.
PACKED = (0, NotTrustedError.exit_code)
LATE_S = 60
AGAIN = "`invoke submit --again`"


@dataclass(frozen=True, slots=True)
class Standing:
    """One job: a word for how it is, the cause or the place, and what to do."""

    job: Job
    word: str
    detail: str = ""
    remedy: str = ""
    # None if Slurm's answer has no time of it that can be read.
    pending_s: float | None = 0.0
    # Whether Slurm's answer names the job: nothing else may be signalled.
    is_named: bool = True
    # Slurm's own word for it, if it is pending.
    state: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of the job by itself."""
        going = ("pending", "starting", "running", "suspended", "ending", "not sent", NOT_KNOWN)
        return self.word not in going

    @property
    def is_ended(self) -> bool:
        """Whether it is over, or ending by itself, though its bundle may still come."""
        return self.is_over or self.word == "ending"


def standing_of(folder: Path, submit: Submit, job: Job) -> Standing:
    """Return how a job stands; SchedulerError if Slurm can't be asked."""
    bundle = bundle_of(folder, submit, job)
    if not job.id:
        return _unnumbered(job, bundle)
    log = log_of(folder, submit, job)
    try:
        seen = look(job.id, job.name)
    except AccountingError as error:
        remedy = "ask again when `sacct` answers"
        again = Standing(job, NOT_KNOWN, str(error), remedy, is_named=False)
        return _done(job, bundle) if bundle.is_file() else again
    if seen and seen.state not in OVER:
        return _going(job, seen, log)
    if bundle.is_file():
        return _done(job, bundle)
    if seen and _may_have_packed(seen):
        return Standing(job, "ending", f"{_place(seen)}, its bundle is awaited", "wait")
    return _ended(job, seen, log)


def standings(folder: Path, submit: Submit) -> list[Standing]:
    """Return how all jobs stand; SchedulerError if Slurm can't be asked."""
    return [standing_of(folder, submit, job) for job in submit.jobs]


def checked(found: list[Standing]) -> list[Standing]:
    """Return them with another word for each bundle whose bytes are not those that were packed."""
    return [
        Standing(it.job, DAMAGED, f"{it.detail} is not as it was packed", AGAIN)
        if it.word == "done" and not _is_whole(Path(it.detail))
        else it
        for it in found
    ]


def _is_whole(bundle: Path) -> bool:
    with scratch_folder("bundle-") as folder:
        try:
            unpack(bundle, folder)
            verify(folder)
        except (InputCorruptError, InputMissingError):
            return False
    return True


def table(found: list[Standing]) -> str:
    """Return a line for each job: its kind, number, standing, cause, and what to do."""
    rows = [(it.job.kind, it.job.id or "-", it.word, _both(it)) for it in found]
    return aligned([("kind", "job", "standing", "cause; what to do"), *rows])


def _both(it: Standing) -> str:
    return "; ".join(filter(None, (it.detail, it.remedy)))


def _unnumbered(job: Job, bundle: Path) -> Standing:
    if bundle.is_file():  # Slurm forgot the job before its number was written down
        return _done(job, bundle)
    if job.refusal:
        said = foreign_words.shown(job.refusal)
        return Standing(job, "refused", said, f"ask for what there is, then {AGAIN}")
    remedy = "`invoke submit` with the same kinds goes on"
    return Standing(job, "not sent", "Slurm knows no job of its name", remedy)


def _done(job: Job, bundle: Path) -> Standing:
    return Standing(job, "done", str(bundle), "`invoke diff` takes it")


def _going(job: Job, seen: Seen, log: Path) -> Standing:
    place = _place(seen)
    if seen.state in WAITING:
        return _pending(job, seen)
    if seen.state in STARTING:
        return Standing(job, "starting", place, "wait; its node is made ready")
    if seen.state in SUSPENDED:
        return Standing(job, "suspended", place, "wait; Slurm lets it go on")
    if seen.state in RUNNING:
        return Standing(job, "running", f"{place}, {minutes_since(seen.began)}", str(log))
    if seen.state in ENDING:
        return Standing(job, "ending", place, "wait; its node is cleared up")
    return _not_known(job, seen.state)


def _pending(job: Job, seen: Seen) -> Standing:
    seconds = since(seen.submitted) if seen.submitted else None
    remedy = _of_waiting(seen.reason)
    if seconds is None:
        remedy += "; as its time can't be read, no --pending-limit ends it"
    cause = f"{minutes_since(seen.submitted)}, {seen.reason}"
    return Standing(job, "pending", cause, remedy, seconds, state=seen.state)


def _of_waiting(reason: str) -> str:
    act = "`invoke cancel`, or ask who runs the cluster"
    if may_be_down(reason):
        return f"wait; if `sinfo` has all such nodes down, {act}"
    return act if never_ends(reason) else "wait"


def _not_known(job: Job, state: str) -> Standing:
    said = f"Slurm calls it {state}" if state else "Slurm's answer has no state of it"
    remedy = f"ask again; `scontrol show job {job.id}` shows the answer"
    return Standing(job, NOT_KNOWN, said, remedy, is_named=bool(state))


def _ended(job: Job, seen: Seen | None, log: Path) -> Standing:
    if seen is None:
        cause = "Slurm has no job of its number and name, and it left no bundle"
        return Standing(job, "lost", cause, f"if `squeue -j {job.id}` shows none, {AGAIN}")
    if lacked_memory(log):
        return _killed(job, replace(seen, state=OUT_OF_MEMORY))
    if seen.state == "FAILED" and seen.signal == NOT_LAUNCHED:
        cause = f"Slurm could not begin it {_place(seen)}"
        return Standing(
            job, "failed", cause, f"see that its node can write {log.parent}, then {AGAIN}"
        )
    was_signalled = _was_signalled(seen, log)
    if seen.state in TIMED_OUT or (was_signalled and _met_its_limit(seen)):
        return _timed_out(job, seen)
    if seen.state in KILLED or seen.signal or was_signalled:
        return _killed(job, seen)
    if seen.code == HostError.exit_code:
        remedy = f"have the node's features corrected, then {AGAIN}"
        return Standing(job, "unfit node", last_error(log) or seen.node, remedy)
    said = last_error(log) or f"code {seen.code} {_place(seen)} without a bundle"
    return Standing(job, "failed", said, f"read {log}, then {AGAIN}")


def _may_have_packed(seen: Seen) -> bool:
    """Return whether a job ended just now, and well: its bundle may be there in a moment."""
    is_well = seen.state in ("COMPLETED", "FAILED") and not seen.signal and seen.code in PACKED
    return is_well and seen.ended is not None and since(seen.ended) < LATE_S


def _was_signalled(seen: Seen, log: Path) -> bool:
    """Return whether a signal of the scheduler ended a job."""
    if seen.code == SIGNALLED - 128:
        return SAID_TO_BE_SIGNALLED in last_error(log)
    return seen.code == SIGNALLED


def _met_its_limit(seen: Seen) -> bool:
    """Return whether a signal came when Slurm sends one, before the time of a job is up."""
    if not (seen.state == "FAILED" and seen.began and seen.ended and seen.limit):
        return False
    return seen.ended - seen.began >= seen.limit - EARLY


def _timed_out(job: Job, seen: Seen) -> Standing:
    if seen.state == DEADLINE:
        remedy = f"ask who runs the cluster for a later one, then {AGAIN}"
        return Standing(job, "timed out", "its deadline has passed", remedy)
    limit = f"its limit is {seen.limit.total_seconds() / 60:.0f} min" if seen.limit else ""
    return Standing(job, "timed out", limit, f"give more by SBATCH_TIMELIMIT, then {AGAIN}")


def _killed(job: Job, seen: Seen) -> Standing:
    if seen.state == "CANCELLED" and not seen.node:
        return Standing(job, "killed", "before it began", AGAIN)
    if seen.state == OUT_OF_MEMORY:  # with 125, which is no signal
        remedy = f"give more by SBATCH_MEM_PER_NODE, then {AGAIN}"
        return Standing(job, "killed", f"{seen.state} {_place(seen)}", remedy)
    signal = f", signal {seen.signal}" if seen.signal else ""
    is_by_script = seen.state == "FAILED" and not signal
    state = "ended by a signal of Slurm's" if is_by_script else seen.state
    return Standing(job, "killed", f"{state}{signal} {_place(seen)}", AGAIN)


def _place(seen: Seen) -> str:
    return f"on {seen.node}" if seen.node else "on a node that Slurm does not name"
