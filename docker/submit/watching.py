"""Wait for jobs, end those that wait too long, end all."""

import os
import time
from collections.abc import Callable, Sequence
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
# How often in a row the scheduler may give no answer, some minutes: it is restarted at times.
MAX_SILENT = round(300 / LOOK_S)


def wait(
    folder: Path, submit: Submit, sleep: Callable[[float], None] = time.sleep
) -> list[Standing]:
    """Return how the jobs stand when all are over; show them whenever one changes.

    Ends what waits for a node longer than the submit's limit, and gives up what it may not end.
    Raises SchedulerError if Slurm does not answer for minutes, or not in words that are known.
    """
    shown: list[tuple[str, str]] = []
    kept: dict[str, str] = {}
    unclear = 0
    while unclear < MAX_SILENT:
        before = cpu_seconds()
        found = _patiently(folder, submit, sleep)
        if shown != (shown := [(it.job.kind, it.word) for it in found]):
            print(f"{time_of_day()} submit:\n{table(found)}", flush=True)
        end_overdue(folder, submit, found, kept)
        if all(it.is_over or kept.get(it.job.kind) for it in found):
            return found
        unclear = unclear + 1 if any(it.word == NOT_KNOWN for it in found) else 0
        sleep(max(LOOK_S, (cpu_seconds() - before) / MAX_SHARE))
    raise SchedulerError("Slurm's answers are not understood; `invoke jobs` shows of which jobs")


def end_overdue(
    folder: Path, submit: Submit, found: Sequence[Standing], kept: dict[str, str]
) -> None:
    """Have Slurm end each job that waits for a node longer than the submit's limit, if it has one.

    `kept` is what was said of each kind so far, empty if it was ended: it is said once.
    """
    limit_min = submit.pending_limit
    for it in found:
        if limit_min and (it.pending_s or 0) > limit_min * 60:
            why = _end(folder, submit, it)
            done = f"could not end {it.job.kind} ({why})" if why else f"ended {it.job.kind}"
            if kept.get(it.job.kind) != why:
                print(f"submit: {done}, which waited more than {limit_min} min: {it.detail}")
            kept[it.job.kind] = why


def cancel(folder: Path, submit: Submit) -> dict[str, str]:
    """End all jobs that are not over: first by the signal on which they end their containers.

    Returns why not, by kind, if Slurm refuses to end some, does not show them as ours, or goes on
    to show them after it took the order.
    """
    going = [it for it in standings(folder, submit) if it.job.id and not it.is_over]
    kept = {it.job.kind: it.detail for it in going if not it.is_named}
    for it in (one for one in going if one.is_named):
        # Slurm's own signal goes to the container's client, too, before the script can wait for it.
        # What is suspended it lets nobody signal.
        options = ["--batch", "--signal=TERM"] if it.word == "running" else []
        kept[it.job.kind] = _end(folder, submit, it, *options)
    ending = [it for it in going if it.word == "running" and not kept[it.job.kind]]
    kept |= {it.job.kind: _end(folder, submit, it) for it in _after_grace(folder, submit, ending)}
    ending = [it for it in going if not kept[it.job.kind]]
    kept |= {
        it.job.kind: f"scancel took it, and {GRACE_S:g} s later Slurm shows it as {it.word}"
        for it in _after_grace(folder, submit, ending)
    }
    return {kind: why for kind, why in kept.items() if why}


def _end(folder: Path, submit: Submit, it: Standing, *options: str) -> str:
    """End a job, or signal it; return what scancel says if it refuses, though the job goes on."""
    try:
        slurm.end(it.job.id, *options)
    except slurm.RefusedError as error:
        return "" if _now(folder, submit, it).is_over else str(error)
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
        going = [now for it in ending if not (now := _now(folder, submit, it)).is_over]
        if not going or time.monotonic() > deadline:
            return going
        time.sleep(GLANCE_S)


def bundles(found: Sequence[Standing]) -> list[str]:
    """Return those that are there, as `invoke diff` takes them."""
    return [f"{it.job.kind}={it.detail}" for it in found if it.word == "done"]


def _patiently(folder: Path, submit: Submit, sleep: Callable[[float], None]) -> list[Standing]:
    for _ in range(MAX_SILENT - 1):
        try:
            return standings(folder, submit)
        except SchedulerError:
            sleep(LOOK_S)
    return standings(folder, submit)


def cpu_seconds() -> float:
    """Return the seconds of a core that this process and all that it has run took."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
