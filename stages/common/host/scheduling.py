"""What the scheduler did to processes: how long they ran, or waited for a core, or lost one.

Sources: Linux, Documentation/scheduler/sched-stats.rst (a task's schedstat: nanoseconds run,
nanoseconds waited, times run); proc(5) for nonvoluntary_ctxt_switches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from stages.common.host.kernel_text import fields_of, text_of, whole_of

PROC = Path("/proc")
SWITCHES = "nonvoluntary_ctxt_switches"
NANOSECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Counts:
    """A thread's counters: nanoseconds it ran, and was ready without a core; times it lost one."""

    ran_ns: int = 0
    waited_ns: int = 0
    switches: int = 0


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What happened to all threads of some processes: seconds, and how often they lost a core."""

    ran_s: float
    waited_s: float
    switches: int


# The counters of a process by its threads' IDs; empty if the kernel shows none.
Scheduling: TypeAlias = dict[str, Counts]


def scheduling_of(process: int, proc: Path = PROC) -> Scheduling:
    """Return the counters of a running process; threads that end meanwhile are left out."""
    tasks = (proc / str(process) / "task").glob("[0-9]*")
    counts = {task.name: _counts(task) for task in tasks}
    return {thread: count for thread, count in counts.items() if count}


def between(before: Sequence[Scheduling], after: Sequence[Scheduling]) -> Scheduled | None:
    """Return what happened meanwhile to all threads that are still there.

    Both list the same processes. None if the kernel does not show one of them.
    """
    if not after or not all(after):
        return None
    pairs = [*_pairs(before, after)]
    return Scheduled(
        ran_s=sum(max(0, now.ran_ns - then.ran_ns) for then, now in pairs) / NANOSECONDS,
        waited_s=sum(max(0, now.waited_ns - then.waited_ns) for then, now in pairs) / NANOSECONDS,
        switches=sum(max(0, now.switches - then.switches) for then, now in pairs),
    )


def _pairs(
    before: Sequence[Scheduling], after: Sequence[Scheduling]
) -> Iterator[tuple[Counts, Counts]]:
    """Yield each later thread's counters, those from before first; a new one began at zero."""
    for then, now in zip(before, after, strict=True):
        for thread, counts in now.items():
            yield then.get(thread, Counts()), counts


def _counts(task: Path) -> Counts | None:
    words = text_of(task / "schedstat").split()
    ran_ns, waited_ns = map(whole_of, words[:2]) if len(words) > 1 else (None, None)
    switches = whole_of(fields_of(text_of(task / "status")).get(SWITCHES, ""))
    if ran_ns is None or waited_ns is None or switches is None:
        return None
    return Counts(ran_ns, waited_ns, switches)
