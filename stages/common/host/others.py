"""Who else is on the cores before a measurement begins, in words."""

from collections.abc import Iterator, Sequence

from stages.common.figures import percent_beside
from stages.common.host.interference import MAX_BUSY, MAX_STEAL, look

# Long enough for a process that runs half of the time to be seen.
LOOK_S = 1.0


def who_is_here(cores: Sequence[int], *, fixed_rounds: bool) -> Iterator[str]:
    """Yield what else takes these cores, and what comes of that; to be asked before any work."""
    steal, busy = look(cores, LOOK_S)
    if busy > MAX_BUSY:
        until_sure = "it may take longer, and not get sure in time"
        comes = "turns may be disturbed" if fixed_rounds else until_sure
        taken = f"other processes take {percent_beside(busy, MAX_BUSY)} of the cores at the moment"
        yield f"{taken}; end them, or {comes}"
    if steal > MAX_STEAL:
        yield f"the hypervisor takes {percent_beside(steal, MAX_STEAL)} of the cores at the moment"
