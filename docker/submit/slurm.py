"""Slurm, by its own programs: what they say of a job, in Python's words."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stages.errors import SchedulerError
from stages.program.printable import printable

ANSWER_S = 60
MAX_SHOWN = 200
UNKNOWN_JOB = "Invalid job id"
FIELD = re.compile(r"(\S+?)=(\S*)")
SACCT = ("JobIDRaw", "State", "ExitCode", "NodeList", "Submit", "Start", "Reason")
# sacct's names of what scontrol calls otherwise.
BY_SACCT = {"JobState": "State", "SubmitTime": "Submit", "StartTime": "Start"}


class RefusedError(Exception):
    """What one of Slurm's programs said as it failed, in one line."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A job as Slurm has it now: times as Slurm shows them, in its own time zone."""

    state: str
    reason: str = ""
    code: int = 0
    signal: int = 0
    node: str = ""
    submitted: datetime | None = None
    began: datetime | None = None


def features() -> set[str]:
    """Return the kinds of nodes that there are; SchedulerError without a scheduler."""
    return {name for line in _answer("sinfo", "-h", "-o", "%f").split() for name in line.split(",")}


def send(options: Sequence[str], environ: Mapping[str, str], clone: Path) -> str:
    """Submit a job in a clone and return its number; RefusedError if Slurm does not take it."""
    return _run(["sbatch", "--parsable", *options], environ, clone).strip().partition(";")[0]


def find(name: str) -> str:
    """Return the number of a job by its name, empty if Slurm knows none."""
    with suppress(IndexError):
        return _answer("squeue", "-h", "--states=all", "-o", "%A", "--name", name).split()[0]
    if not shutil.which("sacct"):
        return ""
    with suppress(RefusedError, IndexError):  # accounting may be switched off
        return _run(["sacct", "-X", "-n", "-P", "-o", "JobIDRaw", "--name", name]).split()[0]
    return ""


def look(job: str) -> Seen | None:
    """Return how a job is, None if Slurm knows it no more; SchedulerError if it can't be asked."""
    try:
        return _seen(dict(FIELD.findall(_run(["scontrol", "show", "job", "-o", job]))))
    except RefusedError as error:
        if UNKNOWN_JOB not in str(error):
            raise unreachable(str(error)) from None
    return _accounted(job)


def end(job: str, *options: str) -> None:
    """Have Slurm end a job, or signal it; nothing happens to one that has ended."""
    with suppress(RefusedError):  # it ended just now
        _run(["scancel", *options, job])


def unreachable(said: str) -> SchedulerError:
    """Return the error for a scheduler that does not answer."""
    return SchedulerError(
        f"Slurm can't be asked ({said}); run this where `sinfo` lists the nodes, and again when it "
        "does: jobs go on meanwhile"
    )


def _accounted(job: str) -> Seen | None:
    if not shutil.which("sacct"):
        return None
    command = ["sacct", "-X", "-n", "-P", "-o", ",".join(SACCT), "-j", job]
    with suppress(RefusedError, IndexError):
        values = dict(zip(SACCT, _run(command).splitlines()[0].split("|"), strict=False))
        return _seen(values | {name: values.get(own, "") for name, own in BY_SACCT.items()})
    return None


def _seen(fields: Mapping[str, str]) -> Seen:
    code, _, signal = fields.get("ExitCode", "").partition(":")
    node = fields.get("NodeList", "")
    return Seen(
        state=fields.get("JobState", "").partition(" ")[0].rstrip("+"),
        reason=printable(fields.get("Reason", ""), MAX_SHOWN),
        code=int(code) if code.isdigit() else 0,
        signal=int(signal) if signal.isdigit() else 0,
        node="" if node.startswith(("(", "None")) else node,
        submitted=_time(fields.get("SubmitTime", "")),
        began=_time(fields.get("StartTime", "")),
    )


def _time(text: str) -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(text)
    return None


def _answer(*command: str) -> str:
    try:
        return _run(command)
    except RefusedError as error:
        raise unreachable(str(error)) from None


def _run(
    command: Sequence[str], environ: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    try:
        ran = subprocess.run(
            command,
            env=environ,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ANSWER_S,
        )
    except FileNotFoundError:
        raise SchedulerError(
            f"there is no {command[0]} here, so this machine submits to no Slurm; run this on a "
            "login node, or submit deploy/batch/run_job.sh to the scheduler that you have"
        ) from None
    except subprocess.TimeoutExpired:
        raise unreachable(f"{command[0]} gave no answer in {ANSWER_S} s") from None
    if ran.returncode:
        lines = ran.stderr.strip().splitlines() or [f"code {ran.returncode}"]
        raise RefusedError(printable(lines[-1], MAX_SHOWN))
    return ran.stdout
