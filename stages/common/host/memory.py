"""How much memory is left, and the peak memory of a process."""

from collections.abc import Sequence
from pathlib import Path

from stages.common.host.cgroups import HERE, Cgroups
from stages.common.host.kernel_text import fields_of, text_of, whole_of
from stages.errors import HostError
from stages.setting.values import OWN_BACKBONES

MEMINFO = Path("/proc/meminfo")
PROC = Path("/proc")
KIB, GIB = 2**10, 2**30
# Measured of processes with VGG19 in FP32, BF16 and INT8, and a little more: the libraries, which
# all share; what one takes by itself while it loads, and later; what each image of a batch adds.
LIBRARIES = 33 * GIB // 100
LOADING, LOADED = 150 * GIB // 100, 120 * GIB // 100
WORKING_BYTES_PER_IMAGE = 36 * 2**20
# Neural Compressor's own process beside those that it times, once it has calibrated.
COMPRESSOR = 160 * GIB // 100
# VGG19's second convolution takes and gives 64 channels of 224x224 in FP32, for each image.
BYTES_PER_IMAGE = 2 * 64 * 224 * 224 * 4


def available(meminfo: Path = MEMINFO, cgroups: Cgroups = HERE) -> int | None:
    """Return the bytes that new processes may take, within this container's limit.

    None if neither the kernel nor a limit says.
    """
    shown = (_kib(meminfo, "MemAvailable"), cgroups.memory_left())
    return min((left for left in shown if left is not None), default=None)


def peak_of(process: int, proc: Path = PROC) -> int:
    """Return the peak memory of a running process, in bytes; 0 if that is not shown.

    Files that it maps, such as libraries, are left out: all processes share them.
    """
    status = proc / str(process) / "status"
    return max(0, (_kib(status, "VmHWM") or 0) - (_kib(status, "RssFile") or 0))


def expected_peak(batch_size: int) -> int:
    """Return the bytes that a process with VGG19 takes at its peak, beside what all share."""
    return max(LOADING, LOADED + batch_size * WORKING_BYTES_PER_IMAGE)


def needed_by(peaks: Sequence[int]) -> int:
    """Return the bytes that processes with these peaks need together."""
    return LIBRARIES + sum(peaks)


def require(
    processes: int,
    needed: int,
    left: int | None,
    remedy: str = "ask for fewer isas, precisions or instances",
) -> None:
    """Raise HostError if the bytes `needed` by all of the `processes` exceed the bytes `left`.

    If it is not known how many are left, nothing is refused.
    """
    if left is not None and needed > left:
        raise HostError(
            f"{processes} processes need about {needed / GIB:.1f} GiB of memory, and "
            f"{left / GIB:.1f} are available; {remedy}"
        )


def require_batch(size: int, backbone: str, meminfo: Path = MEMINFO) -> None:
    """Raise HostError if VGG19's activations of a batch of `size` alone exceed what is left.

    Nothing is known of a backbone that may be another network.
    """
    needed, left = size * BYTES_PER_IMAGE, available(meminfo)
    if backbone not in OWN_BACKBONES:
        return
    if left is not None and needed > left:
        raise HostError(
            f"a batch of {size} images needs at least {needed / GIB:.1f} GiB of memory, and "
            f"{left / GIB:.1f} are available; give a smaller batch_size"
        )


def _kib(path: Path, name: str) -> int | None:
    """Return the bytes of a field such as `VmHWM: 10 kB`, None if there is none."""
    words = fields_of(text_of(path)).get(name, "").split()
    number = whole_of(words[0]) if words else None
    return None if number is None else number * KIB
