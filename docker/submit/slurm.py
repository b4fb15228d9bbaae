"""Slurm, by its own programs: send a job, find it, look at it, end it."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from docker.submit.seen import SACCT, Seen, accounted_in, shown_in
from docker.submit.state import NUMBER, made
from stages.errors import SchedulerError
from stages.program.tether import tethered
from stages.setting import foreign_words

ANSWER_S = 60
UNKNOWN_JOB = "Invalid job id"
# What scancel says of a job that has ended, or is about to.
ENDED = (UNKNOWN_JOB, "already completing or completed")
NO_ANSWER = "gave no answer"
# How sbatch says that it waits no longer for an answer, or we, and how long the job is looked for
# then.
GIVEN_UP = ("timed out", "Zero Bytes were transmitted", NO_ANSWER)
LATE_S, LATE_PAUSE_S = 20.0, 2.0
# With --parsable and without, as a wrapper of sbatch may have it: each on a line of its own.
SENT = re.compile(rf"({NUMBER})(?:;\S+)?|Submitted batch job ({NUMBER})(?: on cluster \S+)?")
# sacct's words for a database that it does not reach. Where there is none it says something else.
NO_DATABASE = "talking to the database"
# sacct's words where a site lets nobody ask for as many days at once (MaxQueryTimeRange).
TOO_WIDE = "Too wide"
# Shorter times to ask for then; by itself sacct shows what was there today.
SHORTER: Sequence[Sequence[str]] = (("--starttime=now-7days",), ("--starttime=now-1days",), ())
# A user's own defaults for these programs would hide jobs, or show times in another form.
OWN_DEFAULTS = ("SLURM_", "SQUEUE_", "SCANCEL_", "SCONTROL_", "SINFO_", "SACCT_")
# Where the controller is, and who asks it; never another cluster than the jobs are sent to.
ASKED = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT")


class RefusedError(Exception):
    """What one of Slurm's programs said as it failed, in one line."""


class AccountingError(SchedulerError):
    """What became of a job that only the accounting knows can't be asked."""


def features() -> set[str]:
    """Return the kinds of nodes that there are; SchedulerError without a scheduler."""
    said = _answer("sinfo", "--all", "-h", "-o", "%f")
    return {name for line in said.split() for name in line.split(",")}


def send(name: str, options: Sequence[str], environ: Mapping[str, str], clone: Path) -> str:
    """Submit a job in a clone and return its number; RefusedError if Slurm does not take it.

    Raises SchedulerError if sbatch says no number, and Slurm knows no job of this name.
    """
    command = ["sbatch", "--parsable", f"--job-name={name}", *options]
    try:
        said = _run(command, environ, clone)
    except (RefusedError, SchedulerError) as error:
        # A controller that answers late has taken it all the same, or takes it soon.
        if number := _find_late(name) if _may_be_late(error) else find(name):
            return number
        raise
    if number := number_in(said) or find(name):
        return number
    raise SchedulerError(
        f"sbatch's answer has no number of a job ('{foreign_words.shown(said)}'), and "
        f"squeue knows none of the name {name}; the same command asks for it again before it sends"
    )


def number_in(said: str) -> str:
    """Return the number of the job in sbatch's answer, empty if there is none, or several."""
    found = filter(None, (SENT.fullmatch(line.strip()) for line in said.splitlines()))
    numbers = {match[1] or match[2] for match in found}
    return numbers.pop() if len(numbers) == 1 else ""


def find(name: str) -> str:
    """Return the number of a job by its name, empty if Slurm knows none."""
    # Without --all what is in a hidden partition is not shown.
    command = ("squeue", "--all", "-h", "--states=all", "-o", "%A", "--name", name)
    if found := _first_number(_answer(*command)):
        return found
    return _first_number(_sacct(name, "JobIDRaw", "--name", name))


def _may_be_late(error: Exception) -> bool:
    return any(words in str(error) for words in GIVEN_UP)


def _find_late(name: str) -> str:
    """Return the number of a job that a busy controller may take by and by, empty if it does not.

    Raises SchedulerError if the controller can't be asked to the end.
    """
    deadline = time.monotonic() + LATE_S
    while time.monotonic() < deadline:
        with suppress(SchedulerError):
            if number := find(name):
                return number
        time.sleep(LATE_PAUSE_S)
    return find(name)


def look(job: str, name: str) -> Seen | None:
    """Return how a job is, None if Slurm knows it no more; SchedulerError if it can't be asked.

    Slurm gives its numbers again: what has another name is another job, perhaps another user's.
    """
    try:
        seen = shown_in(_run(["scontrol", "--all", "show", "job", "-o", job]), name)
    except RefusedError as error:
        if UNKNOWN_JOB not in str(error):
            raise unreachable(str(error)) from None
        seen = None
    return seen or accounted_in(_sacct(name, ",".join(SACCT), "-j", job), name)


def end(job: str, *options: str) -> None:
    """Have Slurm end a job, or signal it; RefusedError if it does not, though it has not ended."""
    try:
        _run(["scancel", *options, job])
    except RefusedError as error:
        if not any(words in str(error) for words in ENDED):
            raise


def unreachable(said: str) -> SchedulerError:
    """Return the error for a scheduler that does not answer."""
    return SchedulerError(
        f"Slurm can't be asked ({said}); run this where `sinfo` lists the nodes, and again when it "
        "does: jobs go on meanwhile"
    )


def _first_number(said: str) -> str:
    lines = map(str.strip, said.splitlines())
    return next((line for line in lines if re.fullmatch(NUMBER, line)), "")


def _sacct(name: str, fields: str, *which: str) -> str:
    """Return what accounting says of jobs, nothing if it is not there, or switched off.

    It is asked since the submit of the job of this name was made, or if it refuses to look at so
    much, for less of it. Raises AccountingError if it does not reach its database.
    """
    if shutil.which("sacct"):
        for time_range in _time_ranges(name):
            try:
                return _run(["sacct", "-X", "-n", "-P", *time_range, "-o", fields, *which])
            except RefusedError as error:
                if NO_DATABASE in str(error):
                    raise AccountingError(f"Slurm's accounting can't be asked ({error})") from None
                if TOO_WIDE not in str(error):
                    break
    return ""


def _time_ranges(name: str) -> list[Sequence[str]]:
    """Return sacct's options for the time from the day before a submit on, and for parts of it.

    The clock may have been ahead when the submit was made: sacct takes no beginning to come.
    """
    ranges: list[Sequence[str]] = [["--starttime=now-60days"]]
    if begun := made(name):
        begun = min(begun, datetime.now(timezone.utc))
        with suppress(OverflowError):
            since, until = (f"{begun + timedelta(days=days):%Y-%m-%d}" for days in (-1, 3))
            ranges = [[f"--starttime={since}"], [f"--starttime={since}", f"--endtime={until}"]]
    return [*ranges, *SHORTER]


def _answer(*command: str) -> str:
    try:
        return _run(command)
    except RefusedError as error:
        raise unreachable(str(error)) from None


def _run(
    command: Sequence[str], environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    environ = _own_environment() if environ is None else environ
    if not shutil.which(command[0], path=environ.get("PATH")):
        raise SchedulerError(
            f"there is no {command[0]} here, so this machine submits to no Slurm; run this on a "
            "login node, or submit deploy/batch/run_job.sh to the scheduler that you have"
        )
    child = subprocess.Popen(
        tethered(command, environ=environ),
        env=environ,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    said, errors = _said_by(child, command[0])
    if child.returncode:
        raise RefusedError(foreign_words.last_line(errors, f"code {child.returncode}"))
    return said


def _said_by(child: "subprocess.Popen[str]", name: str) -> tuple[str, str]:
    """Return what a program says; SchedulerError if it takes too long.

    It is then ended with all that it started, as a site's wrapper of it would send a job later.
    """
    with child:
        try:
            return child.communicate(timeout=ANSWER_S)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise unreachable(f"{name} {NO_ANSWER} in {ANSWER_S} s") from None
            raise


def _own_environment() -> dict[str, str]:
    """Return the user's variables without those that change what Slurm's programs answer."""
    return {
        name: text
        for name, text in os.environ.items()
        if name in ASKED or not name.startswith(OWN_DEFAULTS)
    }
