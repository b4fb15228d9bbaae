"""What profile keeps of a cell when it is made, so that neither a kill nor another run loses it."""

from dataclasses import dataclass, field
from typing import Annotated

from stages.records.base import Record, Setting
from stages.records.fields import Count, Prediction, doc
from stages.records.measure import AmxBusy, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCell(Record):
    """Base of both."""

    origins: Annotated[
        dict[str, Setting | None],
        doc("What it came from beside what its maker says: by names in words."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedCell(KnownCell):
    """A proof run, beside oneDNN's log of it."""

    traced: Annotated[Span, doc("When the fastest of the traced inferences ran.")]
    amx_busy: Annotated[AmxBusy, doc("How busy that inference kept AMX's tile unit.")]
    also_traced: Annotated[list[Span], doc("When the others ran.")] = field(default_factory=list)
    disturbed: Annotated[
        bool, doc("Whether something else disturbed it: only a run that adds rounds uses it.")
    ] = False
    peak_bytes: Annotated[Count, doc("Memory that the process took at its peak, in bytes.")]
    loaded_bytes: Annotated[Count, doc("Memory that it took once it was loaded, in bytes.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedCell(KnownCell):
    """A test of accuracy, beside LoadGen's log of it."""

    predictions: Annotated[list[Prediction], doc("Class index of each image of the test split.")]
