"""Which cores a measurement may use, and that pinning to them works."""

import os
import subprocess

from stages.common.host.topology import HERE, Sysfs
from stages.errors import PinningError
from stages.setting import foreign_words
from stages.setting.cpu_list import format_list, parse_list
from stages.setting.suggestion import quoted

# Seconds to start and end a command that does nothing.
NUMACTL_S = 30.0


def parse_cores(text: str) -> list[int]:
    """Return the cores of a list such as `0-3,8`; PinningError if it is malformed or empty."""
    try:
        cores = parse_list(text)
    except ValueError as error:
        shown = quoted(text) + (f" ({error})" if str(error) else "")
        raise PinningError(f"cores can't be {shown}; give a list such as 0-3,8") from None
    if not cores:
        raise PinningError(f"cores {text!r} names none; give a list such as 0-3,8")
    return cores


def one_per_physical_core(allowed: set[int], sysfs: Sysfs = HERE) -> list[int]:
    """Return the lowest allowed thread of each physical core."""
    chosen: dict[str, int] = {}
    for core in sorted(allowed):
        chosen.setdefault(sysfs.siblings(core), core)
    return sorted(chosen.values())


def choose_cores(asked: str, sysfs: Sysfs = HERE) -> list[int]:
    """Return the cores to pin: those asked for, or one per physical core of the cpuset in force.

    An isolated core may be asked for, though it is not among those that this process runs on.
    Raises PinningError if one asked for does not exist, is switched off, or lies outside the
    cpuset, and if numactl is missing or refuses.
    """
    cores = available_cores(asked, os.sched_getaffinity(0), sysfs)
    _try_numactl(cores)
    return cores


def available_cores(asked: str, allowed: set[int], sysfs: Sysfs = HERE) -> list[int]:
    """Return what `choose_cores` does of `allowed`, without trying to pin to them."""
    cores = parse_cores(asked) if asked else one_per_physical_core(allowed, sysfs)
    require_available(cores, allowed, sysfs)
    return cores


def require_available(cores: list[int], allowed: set[int], sysfs: Sysfs = HERE) -> None:
    """Raise PinningError if one of `cores` does not exist, is switched off, or is not `allowed`."""
    usable = format_list(sorted(allowed))
    if off := sorted({*cores} & {*sysfs.offline()}):
        raise PinningError(
            f"cores {format_list(off)} are switched off; set VGG19_CORES to some of {usable}, or "
            "switch them on"
        )
    if outside := sorted({*cores} - allowed - {*sysfs.isolated()}):
        raise PinningError(
            f"cores {format_list(outside)} are not among those available here ({usable}); "
            "set VGG19_CORES to some of these"
        )


def numactl_command(cores: list[int]) -> list[str]:
    """Return the command that runs what follows it on `cores` alone, isolated ones too."""
    return ["numactl", "--all", f"--physcpubind={format_list(cores)}"]


def _try_numactl(cores: list[int]) -> None:
    try:
        tried = subprocess.run(
            [*numactl_command(cores), "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=NUMACTL_S,
        )
    except subprocess.TimeoutExpired:
        raise PinningError(f"numactl did not end within {NUMACTL_S:g} s; install another") from None
    except OSError as error:
        reason = "is missing" if isinstance(error, FileNotFoundError) else "does not run"
        raise PinningError(f"numactl {reason}; install the package numactl") from None
    if tried.returncode:
        said = (tried.stderr or tried.stdout).decode(errors="replace")
        reason = foreign_words.last_line(said, f"code {tried.returncode}")
        raise PinningError(f"numactl refused to pin: {reason}; allow sched_setaffinity")
