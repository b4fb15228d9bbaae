"""Which cores a measurement may use, and that pinning to them works."""

import os
import subprocess

from stages.common.host.kernel_text import format_list, parse_list
from stages.common.host.topology import HERE, Sysfs
from stages.errors import PinningError


def parse_cores(text: str) -> list[int]:
    """Return the cores of a list such as `0-3,8`; PinningError if it is malformed or empty."""
    try:
        cores = parse_list(text)
    except ValueError:
        raise PinningError(f"cores can't be {text!r}; give a list such as 0-3,8") from None
    if not cores:
        raise PinningError(f"cores {text!r} names none; give a list such as 0-3,8")
    return cores


def one_per_physical_core(allowed: set[int], sysfs: Sysfs = HERE) -> list[int]:
    """Return the lowest allowed thread of each physical core."""
    chosen: dict[str, int] = {}
    for core in sorted(allowed):
        chosen.setdefault(sysfs.siblings(core), core)
    return sorted(chosen.values())


def choose_cores(asked: str) -> list[int]:
    """Return the cores to pin: those asked for, or one per physical core of the cpuset in force.

    Raises PinningError if one asked for does not exist or lies outside the cpuset, and if numactl
    is missing or refuses.
    """
    allowed = os.sched_getaffinity(0)
    cores = parse_cores(asked) if asked else one_per_physical_core(allowed)
    outside = sorted(set(cores) - allowed)
    if outside:
        raise PinningError(
            f"cores {format_list(outside)} are not among those available here "
            f"({format_list(sorted(allowed))}); set VGG19_CORES to some of these"
        )
    _try_numactl(cores)
    return cores


def numactl_command(cores: list[int]) -> list[str]:
    """Return the command that runs what follows it on `cores` alone."""
    return ["numactl", f"--physcpubind={format_list(cores)}"]


def _try_numactl(cores: list[int]) -> None:
    try:
        tried = subprocess.run(
            [*numactl_command(cores), "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise PinningError("numactl is missing; install the package numactl") from None
    if tried.returncode:
        reason = (tried.stderr or tried.stdout).strip().splitlines()[-1:]
        raise PinningError(f"numactl refused to pin: {' '.join(reason)}; allow sched_setaffinity")
