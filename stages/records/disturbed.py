"""What disturbed the turns of a profile, as compare.json has it."""

from dataclasses import dataclass
from typing import Annotated

from stages.records.fields import Count, RuntimeName, Size, doc, doc_of_added
from stages.records.measure import Disturbance


@dataclass(frozen=True, slots=True, kw_only=True)
class DisturbedTurns:
    """How many turns of a profile something else on the machine disturbed."""

    runtime: Annotated[RuntimeName, doc("Which TensorFlow was measured.")]
    turns: Annotated[Size, doc("All turns of all cells.")]
    disturbed: Annotated[Count, doc("Those that were disturbed.")]
    most: Annotated[
        dict[Disturbance, float],
        doc(
            "The most of each kind in a disturbed turn: of waiting for others and of steal "
            "a fraction of the cores' time, of throttled and quota a count, of clock_step seconds."
        ),
    ]
    in_figures: Annotated[
        Count,
        doc_of_added(
            "Those of the disturbed that the figures come from, as fewer than 5 rounds of their "
            "cells and scenario were undisturbed."
        ),
    ] = 0
