"""Wait for jobs, end those that wait too long, end all."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from docker.submit import slurm
from docker.submit.standing import Standing, standing_of, standings, table
from docker.submit.state import Submit
from stages.errors import SchedulerError
from stages.program.clock import time_of_day

LOOK_S = 3.0
# How much of a core looking at jobs may take: each is a question to one of Slurm's programs.
MAX_SHARE = 0.01
# A task ends its container in 3 s, and its processes soon after.
GRACE_S, GLANCE_S = 30.0, 0.5
# How often in a row the scheduler may give no answer: it is restarted at times.
MAX_SILENT = 100


def wait(
    folder: Path, submit: Submit, sleep: Callable[[float], None] = time.sleep
) -> list[Standing]:
    """Return how the jobs stand when all are over; show them whenever one changes.

    Ends what waits for a node longer than the submit's limit. Raises SchedulerError if Slurm does
    not answer for minutes.
    """
    shown: list[tuple[str, str]] = []
    while True:
        before = cpu_seconds()
        found = _patiently(folder, submit, sleep)
        if shown != (shown := [(it.job.kind, it.word) for it in found]):
            print(f"{time_of_day()} submit:\n{table(found)}", flush=True)
        if all(it.is_over for it in found):
            return found
        end_overdue(found, submit.pending_limit)
        sleep(max(LOOK_S, (cpu_seconds() - before) / MAX_SHARE))


def end_overdue(found: Sequence[Standing], limit_min: int) -> None:
    """Have Slurm end each job that waits for a node longer than a limit, if there is one."""
    for it in found:
        if limit_min and it.pending_s > limit_min * 60:
            slurm.end(it.job.id)
            print(
                f"submit: ended {it.job.kind}, which waited more than {limit_min} min: {it.detail}"
            )


def cancel(folder: Path, submit: Submit) -> None:
    """End all jobs that are not over: first by the signal on which they end their containers."""
    going = [it for it in standings(folder, submit) if it.job.id and not it.is_over]
    running = [it for it in going if it.word == "running"]
    for it in going:
        # Slurm's own signal goes to the container's client, too, before the script can wait for it.
        slurm.end(it.job.id, *(["--batch", "--signal=TERM"] if it in running else []))
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline and any(
        not standing_of(folder, submit, it.job).is_over for it in running
    ):
        time.sleep(GLANCE_S)
    for it in running:
        slurm.end(it.job.id)


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
