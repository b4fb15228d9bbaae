"""How much memory is left, and the peak memory of a process."""

from pathlib import Path

from stages.common.host.cgroups import HERE, Cgroups
from stages.common.host.kernel_text import fields_of
from stages.errors import HostError

MEMINFO = Path("/proc/meminfo")
PROC = Path("/proc")
KIB, GIB = 2**10, 2**30


def available(meminfo: Path = MEMINFO, cgroups: Cgroups = HERE) -> int:
    """Return the bytes that new processes may take, within this container's limit."""
    left, within = _kib(meminfo, "MemAvailable"), cgroups.memory_left()
    return left if within is None else min(left, within)


def peak_of(process: int, proc: Path = PROC) -> int:
    """Return the peak memory of a running process, in bytes."""
    return _kib(proc / str(process) / "status", "VmHWM")


def require(processes: int, needed: int, left: int) -> None:
    """Raise HostError if the bytes `needed` by all of the `processes` exceed the bytes `left`."""
    if needed > left:
        raise HostError(
            f"{processes} processes need about {needed / GIB:.1f} GiB of memory, and "
            f"{left / GIB:.1f} are available; ask for fewer isas, precisions or instances"
        )


def _kib(path: Path, name: str) -> int:
    fields = fields_of(path.read_text())
    return int(fields[name].split()[0]) * KIB if name in fields else 0
