"""The batch sizes that peers takes: of the default ones as far as there is room."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.common.host import memory
from stages.common.text import left_out
from stages.setting.of_rounds import PEERS_SIZES
from stages.settings import Settings


@dataclass(frozen=True, slots=True)
class Sizes:
    """The batch sizes that are taken; `left_out` says in words which of the defaults are not."""

    taken: tuple[int, ...]
    left_out: tuple[str, ...] = ()


def choose_sizes(settings: Settings, images: int, precisions: Sequence[str]) -> Sizes:
    """Return what is taken on a test split of `images`, of which there is one at least.

    `precisions` are those of our processes, all alive at the same time; none if it is not known
    what these need. The smallest default is taken whatever memory there is.
    """
    if settings.batch_sizes:
        return Sizes(settings.batch_sizes)
    left = memory.available()
    fitting = tuple(size for size in PEERS_SIZES if size <= images)
    taken = tuple(
        size
        for size in fitting
        if size == PEERS_SIZES[0]
        or not precisions
        or left is None
        or memory.least_needed(precisions, size) <= left
    )
    few = "there is 1 test image" if images == 1 else f"there are {images} test images"
    lines = left_out("batch sizes", PEERS_SIZES, fitting, few)
    lines += left_out("batch sizes", fitting, taken, "memory has no room")
    return Sizes(taken, tuple(lines))
