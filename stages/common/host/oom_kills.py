"""Whether the kernel has killed a process for want of memory, and within which limit.

Sources: Linux, Documentation/admin-guide/cgroup-v2.rst (memory.events) and cgroup-v1/memory.rst
(memory.oom_control); `oom_kill` in /proc/vmstat.
"""

import os
from pathlib import Path

from stages.common.host.cgroups import HERE, Cgroups
from stages.common.host.kernel_text import count_of
from stages.common.host.memory import GIB, LIMIT, MEMINFO, total
from stages.program.out_of_memory import ASK_FOR_LESS

VMSTAT = Path("/proc/vmstat")


class OomKills:
    """What the kernel had counted when this was made, which is to be before a process is started.

    The kernel names no process that it killed, but counts it before it sends the signal: in the
    control group that the process shares with this one or, if there is none, on the whole machine.
    """

    def __init__(
        self, cgroups: Cgroups = HERE, vmstat: Path = VMSTAT, meminfo: Path = MEMINFO
    ) -> None:
        self._cgroups, self._vmstat, self._meminfo = cgroups, vmstat, meminfo
        self._kills, self._shortages = self._count(), cgroups.shortages()

    def how_killed(self) -> str:
        """Return how a process was ended by SIGKILL, with the remedy, in words after its name.

        Empty if it was not for want of memory, as far as the kernel shows.
        """
        kills = self._count()
        if kills is None or self._kills is None or kills <= self._kills:
            return ""
        limit = self._cgroups.exhausted_limit(self._shortages)
        if limit is not None:
            how = f"was killed at its memory limit of {limit / GIB:.1f} GiB"
            return f"{how}; raise {LIMIT if LIMIT in os.environ else 'it'}, or {ASK_FOR_LESS}"
        there = total(self._meminfo)
        of = f", of which there are {there / GIB:.1f} GiB" if there else ""
        return f"was killed by the kernel for want of memory{of}; {ASK_FOR_LESS}"

    def _count(self) -> int | None:
        """Return how many processes were killed: of this group, else of the whole machine."""
        own = self._cgroups.oom_kills()
        return count_of(self._vmstat, "oom_kill") if own is None else own
