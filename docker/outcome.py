"""How a stage ended, in a container or as a process of this machine."""

from dataclasses import dataclass
from datetime import datetime, timezone

from docker.host.variables import MEMORY
from stages.errors import EngineError, HostError
from stages.program.out_of_memory import ASK_FOR_LESS

KILLED, GIB = 137, 2**30
# What the engine is asked of a container that has ended.
STATE = "{{.State.StartedAt}} {{.State.FinishedAt}} {{.State.OOMKilled}} {{.HostConfig.Memory}}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a stage ended: its exit code, and how long its own process ran, in seconds.

    `reason` says it in words if the stage could not, empty if it has said it.
    """

    exit_code: int
    seconds: float
    reason: str = ""


def of_container(state: str, code: int) -> Outcome:
    """Return the outcome of a container that ended with `code`, as far as `state`, STATE, says."""
    shown = state.split()
    if len(shown) != 4:
        return Outcome(code, 0.0)
    began, ended, for_memory, limit = shown
    seconds = seconds_between(began, ended)
    if code != KILLED:
        return Outcome(code, seconds)
    return killed(seconds, _want_of_memory(limit) if for_memory == "true" else "")


def _want_of_memory(limit: str) -> str:
    """Return how a container was killed by the kernel, and the remedy.

    The engine says the same at the `limit`, in bytes, as where the machine has no more.
    """
    how = "was killed for want of memory"
    if not limit.isdecimal() or limit == "0":
        return f"{how}; {ASK_FOR_LESS}"
    allowed = f"of which {MEMORY} allows it {int(limit) / GIB:.1f} GiB"
    return f"{how}, {allowed}; raise that if the machine has more, or {ASK_FOR_LESS}"


def killed(seconds: float, how: str) -> Outcome:
    """Return the outcome of a stage that was ended by SIGKILL.

    `how` says it with the remedy if that was for want of memory; empty if who knows what did it.
    """
    if how:
        return Outcome(HostError.exit_code, seconds, how)
    return Outcome(KILLED, seconds, "was killed from outside, by SIGKILL; run it again")


def cut_off(host: str) -> Outcome:
    """Return the outcome of a stage whose machine, at the address `host`, answers no more."""
    how = (
        f"was cut off, as {host} answers no more; when it does, run this again: what is there is "
        "kept, and a container that still works is named"
    )
    return Outcome(EngineError.exit_code, 0.0, how)


def seconds_between(began: str, ended: str) -> float:
    """Return the seconds between two times of the engine, 0 if they can't be read."""
    try:
        return max(0.0, (_parse_time(ended) - _parse_time(began)).total_seconds())
    except ValueError:
        return 0.0


def _parse_time(text: str) -> datetime:
    """Parse a time of the engine, whose fraction has up to nine digits, or raise ValueError."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{seconds}.{fraction:0<6.6}").replace(tzinfo=timezone.utc)
