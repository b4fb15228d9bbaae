"""What disturbs a measurement from outside: time stolen, throttled cores, a clock that steps."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.common.host.topology import HERE, Sysfs

STAT = Path("/proc/stat")
# Fields of a line of /proc/stat after its name: user nice system idle iowait irq softirq steal;
# what comes after them is in user and nice already. Source: proc(5).
COUNTED, STEAL = 8, 7
# With more of it, a figure says more of the hypervisor's other guests than of the model.
MAX_STEAL = 0.02


@dataclass(frozen=True, slots=True)
class Interference:
    """Between two looks: the share of CPU time stolen, throttling events, clock step in seconds."""

    steal: float
    throttle_events: int
    clock_step_s: float


@dataclass(frozen=True, slots=True)
class Look:
    """Counters of some cores at one time: ticks in all and stolen, throttling events, clocks."""

    ticks: int
    stolen: int
    throttle_events: int
    monotonic_s: float
    wall_s: float

    def until(self, later: "Look") -> Interference:
        """Return what happened between this look and a later one."""
        ticks = later.ticks - self.ticks
        passed = later.monotonic_s - self.monotonic_s
        return Interference(
            steal=(later.stolen - self.stolen) / ticks if ticks > 0 else 0.0,
            throttle_events=later.throttle_events - self.throttle_events,
            clock_step_s=later.wall_s - self.wall_s - passed,
        )


def look(cores: Sequence[int], stat: Path = STAT, sysfs: Sysfs = HERE) -> Look:
    """Read the counters of `cores`; those that this machine does not show count as zero."""
    wanted = {f"cpu{core}" for core in cores}
    lines = [line.split() for line in stat.read_text().splitlines()]
    counted = [[*map(int, line[1:])] for line in lines if line and line[0] in wanted]
    return Look(
        ticks=sum(sum(each[:COUNTED]) for each in counted),
        stolen=sum(each[STEAL] for each in counted if len(each) > STEAL),
        throttle_events=sysfs.throttle_events(cores),
        monotonic_s=time.monotonic(),
        wall_s=time.time(),
    )
