"""How much memory quantize takes at least, which is known before it searches.

That is of VGG19: what Neural Compressor takes to calibrate it, or the process in which it has done
so beside a single model. Models that don't fit side by side load for each turn.
"""

from stages.common.host import memory
from stages.precisions import FP32
from stages.setting.values import OWN_BACKBONES
from stages.settings import Settings

REMEDY = "take more memory, or give a smaller batch_size"


def least_needed(settings: Settings) -> int:
    """Return the bytes that it needs in any case, whatever the search finds."""
    alone = memory.least_needed([FP32], settings.batch_size)
    return max(memory.CALIBRATING, memory.COMPRESSOR + alone)


def require_memory(settings: Settings, backbone: str) -> None:
    """Raise HostError if what it needs in any case can't fit into what is left.

    Nothing is known of a backbone that may be another network.
    """
    if backbone in OWN_BACKBONES:
        memory.require(2, least_needed(settings), memory.available(), REMEDY)
