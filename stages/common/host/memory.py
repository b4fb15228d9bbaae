"""How much memory is left, and how much a process took at most."""

from pathlib import Path

from stages.common.host.cgroups import HERE, Cgroups
from stages.errors import HostError

MEMINFO = Path("/proc/meminfo")
PROC = Path("/proc")
KIB, GIB = 2**10, 2**30


def available(meminfo: Path = MEMINFO, cgroups: Cgroups = HERE) -> int:
    """Return the bytes that new processes may take, within this container's limit."""
    left, within = _kib(meminfo, "MemAvailable"), cgroups.memory_left()
    return left if within is None else min(left, within)


def peak_of(process: int, proc: Path = PROC) -> int:
    """Return the most bytes that a running process has had in memory."""
    return _kib(proc / str(process) / "status", "VmHWM")


def require(processes: int, needed: int, left: int) -> None:
    """Raise HostError where so many processes, which need so many bytes in all, find less left."""
    if needed > left:
        raise HostError(
            f"{processes} processes need about {needed / GIB:.1f} GiB of memory, and "
            f"{left / GIB:.1f} are available; ask for fewer isas, precisions or instances"
        )


def _kib(path: Path, name: str) -> int:
    lines = (line.partition(":") for line in path.read_text().splitlines())
    found = {key: value.split() for key, _, value in lines}
    return int(found[name][0]) * KIB if name in found else 0
