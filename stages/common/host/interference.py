"""What disturbs a measurement from outside, as the kernel's counters show it."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stages.common.bounds import BOUND_OF
from stages.common.host.cgroups import HERE as OWN_GROUPS
from stages.common.host.cgroups import Cgroups
from stages.common.host.kernel_text import text_of, whole_of
from stages.common.host.scheduling import Scheduling, between, scheduling_of
from stages.common.host.topology import HERE, Sysfs
from stages.records.measure import Interference

STAT = Path("/proc/stat")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# A line of /proc/stat has, after its name: user nice system idle iowait irq softirq steal; what
# comes after these is in user and nice already. Source: proc(5).
TICK_FIELDS, STEAL_FIELD = 8, 7
IDLE_FIELDS = slice(3, 5)
# If more is stolen, a figure says more about the hypervisor's other guests than about the model.
MAX_STEAL = BOUND_OF["steal"]
# The kernel's own work, and a shell's, take less of an idle machine.
MAX_BUSY = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Counters of some cores, and of processes on them, at one time.

    `ticks` are all of the cores' ticks, `idle` those in which they had nothing to do, and `stolen`
    those that a hypervisor took.
    """

    cores: int
    ticks: int
    idle: int
    stolen: int
    throttle_events: int
    quota_periods: int
    frequency_mhz: float | None
    monotonic_s: float
    wall_s: float
    processes: Sequence[Scheduling] = field(default=())

    def busy_until(self, later: "Snapshot") -> float:
        """Return which fraction of the cores' time processes of any kind took meanwhile."""
        ticks = later.ticks - self.ticks
        free = later.idle - self.idle + later.stolen - self.stolen
        return min(1.0, max(0.0, 1 - free / ticks)) if ticks > 0 else 0.0

    def until(self, later: "Snapshot") -> Interference:
        """Return what happened between this snapshot and a later one of the same processes."""
        ticks = later.ticks - self.ticks
        passed = later.monotonic_s - self.monotonic_s
        own = between(self.processes, later.processes)
        cpu_time_s = passed * self.cores
        return Interference(
            steal=(later.stolen - self.stolen) / ticks if ticks > 0 else 0.0,
            waiting=own.waited_s / cpu_time_s if own and cpu_time_s > 0 else None,
            others=self._others(later, own.ran_s) if own and ticks > 0 and passed > 0 else None,
            switches=own.switches if own else None,
            throttle_events=later.throttle_events - self.throttle_events,
            quota_periods=later.quota_periods - self.quota_periods,
            clock_step_s=later.wall_s - self.wall_s - passed,
            frequency_mhz=later.frequency_mhz,
        )

    def _others(self, later: "Snapshot", own_s: float) -> float:
        """Return which fraction of the cores' time others than our processes took.

        Unlike what each kind of process took, the kernel counts idle time without sampling it, and
        shows it in whole ticks.
        """
        cpu_time_s = (later.monotonic_s - self.monotonic_s) * self.cores
        free = later.idle - self.idle + later.stolen - self.stolen
        return max(0.0, (cpu_time_s - free / TICKS_PER_S - own_s) / cpu_time_s)


def take_snapshot(
    cores: Sequence[int],
    processes: Sequence[int] = (),
    *,
    stat: Path = STAT,
    sysfs: Sysfs = HERE,
    groups: Cgroups = OWN_GROUPS,
) -> Snapshot:
    """Return the counters of `cores`, and of `processes`, which run on them alone.

    What this machine does not show counts as zero, or is None.
    """
    names = {f"cpu{core}" for core in cores}
    lines = [line.split() for line in text_of(stat).splitlines()]
    counts = [
        [whole_of(word) or 0 for word in line[1:]]
        for line in lines
        if line[:1] and line[0] in names
    ]
    return Snapshot(
        cores=len(cores),
        ticks=sum(sum(core[:TICK_FIELDS]) for core in counts),
        idle=sum(sum(core[IDLE_FIELDS]) for core in counts),
        stolen=sum(core[STEAL_FIELD] for core in counts if len(core) > STEAL_FIELD),
        throttle_events=sysfs.throttle_events(cores),
        quota_periods=groups.quota_periods(),
        frequency_mhz=sysfs.frequency_mhz(cores),
        processes=[scheduling_of(process) for process in processes],
        monotonic_s=time.monotonic(),
        wall_s=time.time(),
    )


def look(cores: Sequence[int], seconds: float) -> tuple[float, float]:
    """Return which fraction of some cores' time was stolen during `seconds`, and which taken.

    To be asked while nothing of ours runs on them.
    """
    before = take_snapshot(cores)
    time.sleep(seconds)
    after = take_snapshot(cores)
    return before.until(after).steal, before.busy_until(after)
