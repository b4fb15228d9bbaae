"""A job as Slurm shows it: what scontrol and sacct say, in Python's words."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from stages.program.printable import printable
from stages.setting import foreign_words
from stages.setting.spec import read_whole

MAX_SHOWN = 200
# What sacct is asked for. The reason comes last, as it may hold the sign between two of them.
SACCT = (
    *("JobIDRaw", "JobName", "State", "ExitCode", "NodeList", "Submit", "Start", "End"),
    *("Timelimit", "Reason"),
)
# sacct's names of what scontrol calls otherwise.
BY_SACCT = {
    **{"JobState": "State", "SubmitTime": "Submit", "StartTime": "Start", "EndTime": "End"},
    "TimeLimit": "Timelimit",
}
# Days, hours, minutes and seconds; UNLIMITED and Partition_Limit are words.
LIMIT = re.compile(r"(?:([0-9]{1,5})-)?([0-9]{1,5}):([0-9]{2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Seen:
    """A job as Slurm has it now: times of this time zone.

    `state` is empty if the answer is none about a job of this name. `ended` of a job that is not
    over is when its time will be up. `limit` is None if there is none that can be read.
    """

    state: str = ""
    reason: str = ""
    code: int = 0
    signal: int = 0
    node: str = ""
    submitted: datetime | None = None
    began: datetime | None = None
    ended: datetime | None = None
    limit: timedelta | None = None


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
        ended=_time(fields.get("EndTime", "")),
        limit=_limit(fields.get("TimeLimit", "")),
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


def _limit(text: str) -> timedelta | None:
    if not (match := LIMIT.fullmatch(text)):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def since(begin: datetime) -> float:
    """Return the seconds since a time of Slurm's, which is the time of this zone."""
    # Not as they are read: between them the clocks may have gone forward.
    return max(0.0, (datetime.now().astimezone() - begin.astimezone()).total_seconds())


def minutes_since(begin: datetime | None) -> str:
    """Return how many minutes ago a time of Slurm's was, in words."""
    return f"{since(begin) / 60:.0f} min" if begin else "unknown time"
