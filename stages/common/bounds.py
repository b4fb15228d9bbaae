"""Beyond which amount a figure is INVALID, by the kind of the reason.

The verdict goes by it, and what is shown of the amount has as many digits as set the two apart.
"""

from typing import Final

from stages.records.cell import ReasonKind

# Fractions, counts, or seconds. Beyond these a figure says more about the machine's other users
# than about the model.
BOUND_OF: Final[dict[ReasonKind, float]] = {
    "spread": 0.05,
    "drift": 0.05,
    # Fractions of the cores' time; a quiet machine stays far below.
    "waiting": 0.02,
    "steal": 0.02,
    "throttled": 0,
    "quota": 0,
    # NTP slewing stays below this in the seconds of a run.
    "clock_step": 0.05,
    # The one that is to be reached: below it, what instances did together is too little of all.
    "overlap": 0.8,
}
# How far the interval of a cell's ratio to itself may extend to either side, as a fraction; single
# queries are disturbed more than batches.
OF_ITSELF: Final[dict[str, float]] = {"offline": 0.02, "single_stream": 0.05}
