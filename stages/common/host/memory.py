"""How much memory is left, and the peak memory of a process."""

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.common.host.cgroups import HERE, Cgroups
from stages.common.host.kernel_text import fields_of, text_of, whole_of
from stages.errors import HostError
from stages.precisions import FP32, INT8, get_precision
from stages.setting.values import OWN_BACKBONES

MEMINFO = Path("/proc/meminfo")
PROC = Path("/proc")
KIB, GIB = 2**10, 2**30
# By which whoever started a container limits its memory; set there, if so.
LIMIT = "STAGES_MEMORY"
# Measured of processes with VGG19, and a little more: the libraries, which all share; by the model,
# what one takes by itself while it loads, and later, once it has given back what that took; what
# each image of a batch adds.
LIBRARIES = 33 * GIB // 100
LOADING = {FP32: 150 * GIB // 100, INT8: 135 * GIB // 100}
LOADED = {FP32: 92 * GIB // 100, INT8: 75 * GIB // 100}
WORKING_BYTES_PER_IMAGE = {FP32: 36 * 2**20, INT8: 10 * 2**20}
# Neural Compressor's own process beside those that it times, once it has given back what it took to
# calibrate.
COMPRESSOR = 135 * GIB // 100
# What it takes to calibrate VGG19, at its peak.
CALIBRATING = 340 * GIB // 100
# VGG19's second convolution takes and gives 64 channels of 224x224 in FP32, for each image.
BYTES_PER_IMAGE = 2 * 64 * 224 * 224 * 4


def available(meminfo: Path = MEMINFO, cgroups: Cgroups = HERE) -> int | None:
    """Return the bytes that new processes may take, within this container's limit.

    None if neither the kernel nor a limit says.
    """
    shown = (_kib(meminfo, "MemAvailable"), cgroups.memory_left())
    return min((left for left in shown if left is not None), default=None)


def total(meminfo: Path = MEMINFO) -> int | None:
    """Return the bytes of memory that the machine has, None if the kernel does not say."""
    return _kib(meminfo, "MemTotal")


@dataclass(frozen=True, slots=True)
class Footprint:
    """The bytes that a process takes beside what all share: at its peak, and once it is loaded."""

    peak: int
    loaded: int


def footprint_of(process: int, proc: Path = PROC) -> Footprint:
    """Return what a running process that is loaded takes, 0 where that is not shown.

    Files that it maps, such as libraries, are left out: all processes share them.
    """
    status = proc / str(process) / "status"
    peak, now, files = (_kib(status, name) or 0 for name in ("VmHWM", "VmRSS", "RssFile"))
    loaded = max(0, now - files)
    return Footprint(max(loaded, peak - files), loaded)  # the kernel updates the peak later


def give_back() -> None:
    """Give the system what malloc keeps of freed memory: once a model is loaded, a third of it.

    Not every C library can.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def expected_footprint(precision: str, batch_size: int) -> Footprint:
    """Return what a process with VGG19 in a precision takes."""
    model = get_precision(precision).model
    loaded = LOADED[model] + batch_size * WORKING_BYTES_PER_IMAGE[model]
    return Footprint(max(LOADING[model], loaded), loaded)


def needed_at_once(prints: Sequence[Footprint]) -> int:
    """Return the bytes that processes need that all load at the same time."""
    return LIBRARIES + sum(max(it.peak, it.loaded) for it in prints)


def needed_in_turn(prints: Sequence[Footprint]) -> int:
    """Return the bytes that processes need of which each loads when the one before it has."""
    loading = max((it.peak - it.loaded for it in prints), default=0)
    return LIBRARIES + sum(it.loaded for it in prints) + max(0, loading)


def least_needed(precisions: Sequence[str], batch_size: int) -> int:
    """Return the bytes that processes with VGG19 need of which one at a time loads, or works.

    It is the least: those that wait may keep what a batch took.
    """
    waiting = [expected_footprint(name, 0) for name in precisions]
    working = [batch_size * WORKING_BYTES_PER_IMAGE[get_precision(it).model] for it in precisions]
    loaded = LIBRARIES + sum(it.loaded for it in waiting)
    return max(needed_in_turn(waiting), loaded + max(working, default=0))


def is_limited(needed: int, meminfo: Path = MEMINFO, cgroups: Cgroups = HERE) -> bool:
    """Return whether a limit, and not the machine, has too little left for the bytes `needed`."""
    left, there = cgroups.memory_left(), _kib(meminfo, "MemAvailable")
    return left is not None and left < needed and (there is None or needed <= there)


def raise_limit() -> str:
    """Return in words how to have more, after the limit was named."""
    return f"raise or unset {LIMIT}" if LIMIT in os.environ else "raise that"


def require(processes: int, needed: int, left: int | None, remedy: str) -> None:
    """Raise HostError if the bytes `needed` by all of the `processes` exceed the bytes `left`.

    If it is not known how many are left, nothing is refused.
    """
    if left is not None and needed > left:
        within = f" within its memory limit; {raise_limit()} to" if is_limited(needed) else ";"
        raise HostError(
            f"{processes} processes need about {needed / GIB:.1f} GiB of memory, and "
            f"{left / GIB:.1f} are available{within} {remedy}"
        )


def require_batch(size: int, backbone: str, meminfo: Path = MEMINFO) -> None:
    """Raise HostError if VGG19's activations of a batch of `size` alone exceed what is left.

    Nothing is known of a backbone that may be another network.
    """
    needed, left = size * BYTES_PER_IMAGE, available(meminfo)
    if backbone not in OWN_BACKBONES:
        return
    if left is not None and needed > left:
        limited = is_limited(needed, meminfo)
        within = f" within its memory limit; {raise_limit()}, or" if limited else ";"
        raise HostError(
            f"a batch of {size} images needs at least {needed / GIB:.1f} GiB of memory, and "
            f"{left / GIB:.1f} are available{within} give a smaller batch_size"
        )


def _kib(path: Path, name: str) -> int | None:
    """Return the bytes of a field such as `VmHWM: 10 kB`, None if there is none."""
    words = fields_of(text_of(path)).get(name, "").split()
    number = whole_of(words[0]) if words else None
    return None if number is None else number * KIB
