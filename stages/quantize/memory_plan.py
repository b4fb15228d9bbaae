"""How much memory quantize takes at least, which is known before it searches.

That is of VGG19: what Neural Compressor takes to calibrate it, or the process in which it has done
so beside a single model. Models that don't fit side by side load for each turn.
"""

from dataclasses import replace

from stages.common.host import memory
from stages.precisions import FP32, PRECISIONS
from stages.quantize.variants import why_not_converted
from stages.setting.values import OWN_BACKBONES
from stages.settings import Settings


def least_needed(settings: Settings) -> int:
    """Return the bytes that it needs in any case, whatever the search finds."""
    alone = memory.least_needed([FP32], settings.batch_size)
    return max(memory.CALIBRATING, memory.COMPRESSOR + alone)


def most_needed(settings: Settings, flags: frozenset[str]) -> int:
    """Return the bytes with which all that may be timed on a CPU with `flags` is side by side."""
    timed = [
        memory.expected_footprint(precision.name, settings.batch_size)
        for precision in PRECISIONS
        if not why_not_converted(precision, settings, flags)
    ]
    return memory.COMPRESSOR + memory.needed_at_once(timed)


def require_memory(settings: Settings, backbone: str) -> None:
    """Raise HostError if what it needs in any case can't fit into what is left.

    Nothing is known of a backbone that may be another network.
    """
    if backbone not in OWN_BACKBONES:
        return
    left, smallest = memory.available(), least_needed(replace(settings, batch_size=1))
    helps = left is not None and smallest <= left
    remedy = f"take more memory{', or give a smaller batch_size' if helps else ''}"
    memory.require(2, least_needed(settings), left, remedy)
