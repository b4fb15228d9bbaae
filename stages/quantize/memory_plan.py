"""How much memory quantize takes at least, which is known before it searches.

That is of VGG19, when it times what it hands on: each model in a process of its own, beside the
one in which Neural Compressor has calibrated.
"""

from stages.common.host import memory
from stages.precisions import BF16, FP32, PRECISIONS
from stages.quantize.variants import why_not_converted
from stages.setting.values import OWN_BACKBONES
from stages.settings import Settings


def least_needed(settings: Settings, flags: frozenset[str]) -> int:
    """Return the bytes that it needs on a CPU with `flags`, whatever the search finds."""
    precisions = certain_precisions(settings, flags)
    return memory.COMPRESSOR + memory.least_needed(precisions, settings.batch_size)


def certain_precisions(settings: Settings, flags: frozenset[str]) -> list[str]:
    """Return what is timed side by side in any case: ops to convert in INT8's model may be none."""
    return [
        precision.name
        for precision in PRECISIONS
        if (precision.model == FP32 or not precision.converts_to)
        and not why_not_converted(precision, settings, flags)
    ]


def require_memory(settings: Settings, flags: frozenset[str], backbone: str) -> None:
    """Raise HostError if what is timed side by side can't fit into what is left.

    Nothing is known of a backbone that may be another network.
    """
    if backbone not in OWN_BACKBONES:
        return
    precisions = certain_precisions(settings, flags)
    less = ", leave out BF16 (no_bf16)" if BF16 in precisions else ""
    remedy = f"take more memory{less}, or give a smaller batch_size"
    needed = least_needed(settings, flags)
    memory.require(len(precisions) + 1, needed, memory.available(), remedy)
