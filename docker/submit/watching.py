"""Wait for jobs, end those that wait too long, end all."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from docker.submit import slurm
from docker.submit.standing import NOT_KNOWN, Standing, standing_of, standings, table
from docker.submit.state import Submit
from stages.errors import SchedulerError
from stages.program.clock import time_of_day

LOOK_S = 2.0
# How much of a core looking at jobs may take: each is a question to one of Slurm's programs.
MAX_SHARE = 0.01
# A task ends its container in 3 s, and its processes soon after.
GRACE_S, GLANCE_S = 30.0, 0.5
# How long the scheduler may give no answer, or none that is known: it is restarted at times.
SILENT_S = 300.0
# What scancel says where asking again would not help: "Access/permission denied".
DENIED = ("denied", "permission", "not permitted")


@dataclass
class Silence:
    """Since when Slurm has given no answer of use; None if it gives one."""

    since: float | None = None

    def is_too_long(self, is_silent: bool = True) -> bool:
        """Note if Slurm is silent now; return whether it has been so for longer than SILENT_S."""
        now = time.monotonic()
        begun = now if self.since is None else self.since
        self.since = begun if is_silent else None
        return is_silent and now - begun > SILENT_S


def wait(
    folder: Path, submit: Submit, sleep: Callable[[float], None] = time.sleep
) -> list[Standing]:
    """Return how the jobs stand when all are over; show them whenever one changes.

    Ends what waits for a node longer than the submit's limit, and gives up what it may not end.
    Raises SchedulerError if Slurm does not answer for SILENT_S, or not in words that are known.
    """
    found: list[Standing] = []
    kept: dict[str, str] = {}
    unclear = Silence()
    while True:
        before, shown = cpu_seconds(), _words(found)
        found = _patiently(folder, submit, found, sleep)
        if shown != _words(found):
            print(f"{time_of_day()} submit:\n{table(found)}", flush=True)
        end_overdue(folder, submit, found, kept)
        if all(it.is_over or _is_denied(kept.get(it.job.kind, "")) for it in found):
            return found
        if unclear.is_too_long(any(it.word == NOT_KNOWN for it in found)):
            raise SchedulerError(
                "Slurm's answers are not understood; `invoke jobs` shows of which jobs"
            )
        sleep(max(LOOK_S, (cpu_seconds() - before) / MAX_SHARE))


def _words(found: Sequence[Standing]) -> list[tuple[str, str]]:
    return [(it.job.kind, it.word) for it in found]


def _is_denied(why: str) -> bool:
    return any(words in why.lower() for words in DENIED)


def end_overdue(
    folder: Path, submit: Submit, found: Sequence[Standing], kept: dict[str, str]
) -> None:
    """Have Slurm end each job that waits for a node longer than the submit's limit, if it has one.

    `kept` is what was said so far of each kind that could not be ended: it is said once.
    """
    limit_min = submit.pending_limit
    for it in found:
        if it.word != "pending":
            kept.pop(it.job.kind, None)
        elif limit_min and (it.pending_s or 0) > limit_min * 60:
            why, now = _end_pending(folder, submit, it)
            done = f"could not end {it.job.kind} ({why})" if why else f"ended {it.job.kind}"
            if (now.is_ended or why) and kept.get(it.job.kind) != why:
                print(f"submit: {done}, which waited more than {limit_min} min: {it.detail}")
            kept[it.job.kind] = why


def _end_pending(folder: Path, submit: Submit, it: Standing) -> tuple[str, Standing]:
    """End a job that waits; return why not, if it still does, and how it stands by now.

    It may have begun since it was looked at: then it is left, as its container would be, too.
    """
    why = _end(folder, submit, it, *_if_pending(it))
    now = _now(folder, submit, it)
    if now.word != "pending":
        return "", now
    return why or f"scancel took it, and Slurm shows it as {now.word}", now


def _if_pending(it: Standing) -> list[str]:
    """Return the option by which scancel leaves a job alone that has begun by then.

    None for one that is held under another word, such as RESV_DEL_HOLD: it does not begin, and
    with the option scancel would pass it over.
    """
    return ["--state=PENDING"] if it.state == "PENDING" else []


def cancel(folder: Path, submit: Submit) -> dict[str, str]:
    """End all jobs that are not over: first by the signal on which they end their containers.

    Returns why not, by kind, if Slurm refuses to end some, does not show them as ours, or goes on
    to show them after it took the order.
    """
    going = [it for it in standings(folder, submit) if it.job.id and not it.is_ended]
    kept = {it.job.kind: it.detail for it in going if not it.is_named}
    named = [it for it in going if it.is_named]
    kept |= _end_gently(folder, submit, named)
    ending = [it for it in named if not kept[it.job.kind] and _gently(it)]
    kept |= {it.job.kind: _end(folder, submit, it) for it in _after_grace(folder, submit, ending)}
    ending = [it for it in going if not kept[it.job.kind]]
    kept |= {
        it.job.kind: f"scancel took it, and {GRACE_S:g} s later Slurm shows it as {it.word}"
        for it in _after_grace(folder, submit, ending)
    }
    return {kind: why for kind, why in kept.items() if why}


def _end_gently(folder: Path, submit: Submit, going: Sequence[Standing]) -> dict[str, str]:
    """End jobs, or signal them, and those that began meanwhile; return why not, by kind."""
    kept = {it.job.kind: _end(folder, submit, it, *_gently(it)) for it in going}
    waited = [_now(folder, submit, it) for it in going if it.word == "pending"]
    begun = [it for it in waited if it.word != "pending" and not it.is_ended]
    return kept | {it.job.kind: _end(folder, submit, it, *_gently(it)) for it in begun}


def _gently(it: Standing) -> list[str]:
    """Return the options by which scancel ends a job, but kills nothing that it runs.

    Slurm's own signal goes to the container's client, too, before the script can wait for it. What
    is suspended it lets nobody signal.
    """
    return ["--batch", "--signal=TERM"] if it.word == "running" else _if_pending(it)


def _end(folder: Path, submit: Submit, it: Standing, *options: str) -> str:
    """End a job, or signal it; return what scancel says if it refuses, though the job goes on."""
    try:
        slurm.end(it.job.id, *options)
    except slurm.RefusedError as error:
        return "" if _now(folder, submit, it).is_ended else str(error)
    except SchedulerError as error:  # another job may well be ended
        return str(error).partition(";")[0]
    return ""


def _now(folder: Path, submit: Submit, it: Standing) -> Standing:
    """Return how a job stands; as it stood, if Slurm gives no answer this time."""
    try:
        return standing_of(folder, submit, it.job)
    except SchedulerError:
        return it


def _after_grace(folder: Path, submit: Submit, ending: Sequence[Standing]) -> list[Standing]:
    """Wait for jobs to end; return how those stand that have not."""
    deadline = time.monotonic() + GRACE_S
    while True:
        going = [now for it in ending if not (now := _now(folder, submit, it)).is_ended]
        if not going or time.monotonic() > deadline:
            return going
        time.sleep(GLANCE_S)


def bundles(found: Sequence[Standing]) -> list[str]:
    """Return those that are there, as `invoke diff` takes them."""
    return [f"{it.job.kind}={it.detail}" for it in found if it.word == "done"]


def _patiently(
    folder: Path, submit: Submit, before: Sequence[Standing], sleep: Callable[[float], None]
) -> list[Standing]:
    """Return how the jobs stand; what was over is so, and Slurm is not asked about it again."""
    over, silence = {it.job: it for it in before if it.is_over}, Silence()
    while True:
        try:
            return [over.get(job) or standing_of(folder, submit, job) for job in submit.jobs]
        except SchedulerError:
            if silence.is_too_long():
                raise
            sleep(LOOK_S)


def cpu_seconds() -> float:
    """Return the seconds of a core that this process and all that it has run took."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
