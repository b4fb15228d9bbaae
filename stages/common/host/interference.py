"""What disturbs a measurement from outside: time stolen, throttled cores, a clock that steps."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.common.host.kernel_text import text_of, whole_of
from stages.common.host.topology import HERE, Sysfs

STAT = Path("/proc/stat")
# A line of /proc/stat has, after its name: user nice system idle iowait irq softirq steal; what
# comes after these is in user and nice already. Source: proc(5).
TICK_FIELDS, STEAL_FIELD = 8, 7
# If more is stolen, a figure says more about the hypervisor's other guests than about the model.
MAX_STEAL = 0.02


@dataclass(frozen=True, slots=True)
class Interference:
    """What happened between two snapshots.

    `steal` is the fraction of the CPU time that was stolen, from 0 to 1; `clock_step_s` is how
    far the time of day moved beside the time that passed, in seconds.
    """

    steal: float
    throttle_events: int
    clock_step_s: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Counters of some cores at one time: all ticks, stolen ticks, throttling events, clocks."""

    ticks: int
    stolen: int
    throttle_events: int
    monotonic_s: float
    wall_s: float

    def until(self, later: "Snapshot") -> Interference:
        """Return what happened between this snapshot and a later one."""
        ticks = later.ticks - self.ticks
        passed = later.monotonic_s - self.monotonic_s
        return Interference(
            steal=(later.stolen - self.stolen) / ticks if ticks > 0 else 0.0,
            throttle_events=later.throttle_events - self.throttle_events,
            clock_step_s=later.wall_s - self.wall_s - passed,
        )


def take_snapshot(cores: Sequence[int], stat: Path = STAT, sysfs: Sysfs = HERE) -> Snapshot:
    """Return the counters of `cores`; those that this machine does not show count as zero."""
    names = {f"cpu{core}" for core in cores}
    lines = [line.split() for line in text_of(stat).splitlines()]
    counts = [
        [whole_of(word) or 0 for word in line[1:]]
        for line in lines
        if line[:1] and line[0] in names
    ]
    return Snapshot(
        ticks=sum(sum(core[:TICK_FIELDS]) for core in counts),
        stolen=sum(core[STEAL_FIELD] for core in counts if len(core) > STEAL_FIELD),
        throttle_events=sysfs.throttle_events(cores),
        monotonic_s=time.monotonic(),
        wall_s=time.time(),
    )
