"""What a page is made from."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from stages.common.text import is_of_one_round
from stages.compare.inputs import RuntimeProfile
from stages.compare.models import Models, models_of
from stages.compare.rehearsed import Rehearsed
from stages.isa import get_isa
from stages.precisions import get_precision
from stages.records.compare import CompareRecord


@dataclass(frozen=True, slots=True)
class Seen:
    """A comparison with the profiles that it is of, and what was rehearsed of their models."""

    record: CompareRecord
    profiles: Sequence[RuntimeProfile]
    rehearsed: Rehearsed = field(default_factory=Rehearsed)

    @property
    def named(self) -> bool:
        """Whether there are several runtimes, so that each is named."""
        return len(self.profiles) > 1

    @property
    def models(self) -> list[Models]:
        """FP32 and INT8 of each runtime that has both."""
        summaries = {profile.runtime: profile.summaries for profile in self.profiles}
        return models_of(self.record, summaries)

    def cell_name(self, precision: str, isa: str, runtime: str) -> str:
        """Return what people call a cell, such as INT8 at AVX-512 VNNI."""
        name = f"{get_precision(precision).label} at {get_isa(isa).label}"
        return f"{name}, {runtime}" if self.named else name


def had_one_round(profile: RuntimeProfile) -> bool:
    """Return whether each cell of a profile was timed once, so that it has no interval."""
    return is_of_one_round(profile.record.repeat.reasons)
