"""What the scheduler did to processes: how long they waited for a core, how often they lost one.

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
    """A thread's counters: nanoseconds that it was ready and had no core, times it lost one."""

    waited_ns: int = 0
    switches: int = 0


# The counters of a process by its threads' IDs; empty if the kernel shows none.
Scheduling: TypeAlias = dict[str, Counts]


def scheduling_of(process: int, proc: Path = PROC) -> Scheduling:
    """Return the counters of a running process; threads that end meanwhile are left out."""
    tasks = (proc / str(process) / "task").glob("[0-9]*")
    counts = {task.name: _counts(task) for task in tasks}
    return {thread: count for thread, count in counts.items() if count}


def between(
    before: Sequence[Scheduling], after: Sequence[Scheduling]
) -> tuple[float | None, int | None]:
    """Return the seconds that all threads waited meanwhile, and how often they lost a core.

    Both list the same processes. Both answers are None if the kernel does not show a process.
    """
    if not after or not all(after):
        return None, None
    pairs = [*_pairs(before, after)]
    waited_ns = sum(max(0, now.waited_ns - then.waited_ns) for then, now in pairs)
    switches = sum(max(0, now.switches - then.switches) for then, now in pairs)
    return waited_ns / NANOSECONDS, switches


def _pairs(
    before: Sequence[Scheduling], after: Sequence[Scheduling]
) -> Iterator[tuple[Counts, Counts]]:
    """Yield each later thread's counters, those from before first; a new one began at zero."""
    for then, now in zip(before, after, strict=True):
        for thread, counts in now.items():
            yield then.get(thread, Counts()), counts


def _counts(task: Path) -> Counts | None:
    words = text_of(task / "schedstat").split()
    waited_ns = whole_of(words[1]) if len(words) > 1 else None
    switches = whole_of(fields_of(text_of(task / "status")).get(SWITCHES, ""))
    if waited_ns is None or switches is None:
        return None
    return Counts(waited_ns, switches)
