"""Which cells are measured: every precision at every isa, with the reason where one can't be."""

from dataclasses import dataclass

from stages.isa import ISA_NAMES
from stages.profile.host import why_impossible
from stages.settings import Settings

LOWEST_BF16_ISA = "AVX512_CORE"


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A precision at an isa; `impossible` is the reason why this host can't run it, or None."""

    precision: str
    isa: str
    impossible: str | None

    @property
    def name(self) -> str:
        """Name for files and messages."""
        return f"{self.precision}_{self.isa}"


def plan_cells(settings: Settings, flags: frozenset[str]) -> list[PlannedCell]:
    """Return all cells asked for, from the lowest isa up."""
    isas = sorted(settings.isas, key=ISA_NAMES.index)
    return [
        PlannedCell(precision, isa, _why_impossible(precision, isa, flags))
        for isa in isas
        for precision in settings.precisions
    ]


def _why_impossible(precision: str, isa: str, flags: frozenset[str]) -> str | None:
    below = ISA_NAMES.index(isa) < ISA_NAMES.index(LOWEST_BF16_ISA)
    if precision == "bf16" and below:
        return f"oneDNN has no BF16 convolution below {LOWEST_BF16_ISA}"
    return why_impossible(isa, flags)
