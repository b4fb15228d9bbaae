"""Slurm, by its own programs: what they say of a job, in Python's words."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from docker.submit.state import NUMBER
from stages.errors import SchedulerError
from stages.program.printable import printable
from stages.program.tether import tethered
from stages.setting import foreign_words
from stages.setting.spec import read_whole

ANSWER_S = 60
MAX_SHOWN = 200
UNKNOWN_JOB = "Invalid job id"
# What scancel says of a job that has ended, or is about to.
ENDED = (UNKNOWN_JOB, "already completing or completed")
# With --parsable and without, as a wrapper of sbatch may have it: each on a line of its own.
SENT = re.compile(rf"({NUMBER})(?:;\S+)?|Submitted batch job ({NUMBER})(?: on cluster \S+)?")
SACCT = ("JobIDRaw", "JobName", "State", "ExitCode", "NodeList", "Submit", "Start", "Reason")
# By itself sacct shows what was there today.
SINCE = "--starttime=now-60days"
# A user's own defaults for these programs would hide jobs, or show times in another form.
OWN_DEFAULTS = ("SLURM_", "SQUEUE_", "SCANCEL_", "SCONTROL_", "SINFO_", "SACCT_")
# Where the controller is, and who asks it; never another cluster than the jobs are sent to.
ASKED = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT")
# sacct's names of what scontrol calls otherwise.
BY_SACCT = {"JobState": "State", "SubmitTime": "Submit", "StartTime": "Start"}


class RefusedError(Exception):
    """What one of Slurm's programs said as it failed, in one line."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A job as Slurm has it now: times of this time zone.

    `state` is empty if the answer is none about a job of this name.
    """

    state: str = ""
    reason: str = ""
    code: int = 0
    signal: int = 0
    node: str = ""
    submitted: datetime | None = None
    began: datetime | None = None


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
    except (RefusedError, SchedulerError):
        if number := find(name):  # a controller that answers late has taken it all the same
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
    return _first_number(_sacct("JobIDRaw", SINCE, "--name", name))


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
    return seen or accounted_in(_sacct(",".join(SACCT), "-j", job), name)


def end(job: str, *options: str) -> None:
    """Have Slurm end a job, or signal it; RefusedError if it does not, though it has not ended."""
    try:
        _run(["scancel", *options, job])
    except RefusedError as error:
        if not any(words in str(error) for words in ENDED):
            raise


def shown_in(said: str, name: str) -> Seen | None:
    """Return how scontrol shows a job, None if it is another than that of this name."""
    # The first of a name counts: what a user chooses, such as a comment, comes behind it.
    words = [word.partition("=") for word in reversed(said.split())]
    fields = {field: value for field, _, value in words}
    if "JobName" not in fields:
        return Seen()
    return _seen(fields) if fields["JobName"] == name else None


def accounted_in(said: str, name: str) -> Seen | None:
    """Return how sacct shows a job, None if none of its lines is of this name."""
    for line in said.splitlines():
        values = dict(zip(SACCT, line.split("|"), strict=False))
        if values.get("JobName") == name:
            return _seen(values | {field: values.get(own, "") for field, own in BY_SACCT.items()})
    return None


def unreachable(said: str) -> SchedulerError:
    """Return the error for a scheduler that does not answer."""
    return SchedulerError(
        f"Slurm can't be asked ({said}); run this where `sinfo` lists the nodes, and again when it "
        "does: jobs go on meanwhile"
    )


def _first_number(said: str) -> str:
    lines = map(str.strip, said.splitlines())
    return next((line for line in lines if re.fullmatch(NUMBER, line)), "")


def _sacct(fields: str, *which: str) -> str:
    """Return what accounting says of jobs, nothing if it is not there, or switched off."""
    if shutil.which("sacct"):
        with suppress(RefusedError):
            return _run(["sacct", "-X", "-n", "-P", "-o", fields, *which])
    return ""


def _seen(fields: Mapping[str, str]) -> Seen:
    code, _, signal = fields.get("ExitCode", "").partition(":")
    node = fields.get("NodeList", "")
    return Seen(
        state=printable(fields.get("JobState", "").partition(" ")[0].rstrip("+"), MAX_SHOWN),
        reason=foreign_words.shown(fields.get("Reason", "")),
        code=_whole(code),
        signal=_whole(signal),
        node="" if node.startswith(("(", "None")) else printable(node, MAX_SHOWN),
        submitted=_time(fields.get("SubmitTime", "")),
        began=_time(fields.get("StartTime", "")),
    )


def _whole(text: str) -> int:
    with suppress(ValueError):
        return read_whole(text)
    return 0


def _time(text: str) -> datetime | None:
    """Return a time in this zone, also of one that SLURM_TIME_FORMAT shows with its offset."""
    with suppress(ValueError, OverflowError):
        found = datetime.fromisoformat(text)
        return found.astimezone().replace(tzinfo=None) if found.tzinfo else found
    return None


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
                raise unreachable(f"{name} gave no answer in {ANSWER_S} s") from None
            raise


def _own_environment() -> dict[str, str]:
    """Return the user's variables without those that change what Slurm's programs answer."""
    return {
        name: text
        for name, text in os.environ.items()
        if name in ASKED or not name.startswith(OWN_DEFAULTS)
    }
