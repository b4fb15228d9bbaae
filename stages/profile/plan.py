"""Which cells are measured: every precision at every isa, with the reason where one can't be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.isa import ISA_NAMES
from stages.measure.host import why_impossible
from stages.measure.protocol import BF16_PRECISIONS
from stages.records.quantize import QuantizeRecord
from stages.settings import Settings

LOWEST_BF16_ISA, LOWEST_NATIVE_BF16_ISA = "AVX512_CORE", "AVX512_CORE_BF16"


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A precision at an isa; `impossible` is the reason why it can't run here, or None."""

    precision: str
    isa: str
    impossible: str | None

    @property
    def name(self) -> str:
        """Name for files and messages."""
        return f"{self.precision}_{self.isa}"


def missing_models(quantize: QuantizeRecord) -> dict[str, str]:
    """Return the precisions that quantize made no model for, with the reason."""
    return {each.precision: each.missing for each in quantize.variants if each.missing}


def plan_cells(
    settings: Settings, flags: frozenset[str], missing: Mapping[str, str]
) -> list[PlannedCell]:
    """Return all cells asked for, from the lowest isa up.

    `missing` are the precisions without a model, with the reason.
    """
    isas = sorted(settings.isas, key=ISA_NAMES.index)
    return [
        PlannedCell(
            precision,
            isa,
            missing.get(precision)
            or _why_impossible(precision, isa, flags)
            or _why_left_out(precision, isa, settings),
        )
        for isa in isas
        for precision in settings.precisions
    ]


def _why_impossible(precision: str, isa: str, flags: frozenset[str]) -> str | None:
    below = ISA_NAMES.index(isa) < ISA_NAMES.index(LOWEST_BF16_ISA)
    if precision in BF16_PRECISIONS and below:
        return f"oneDNN has no BF16 convolution below {LOWEST_BF16_ISA}"
    return why_impossible(isa, flags)


def _why_left_out(precision: str, isa: str, settings: Settings) -> str | None:
    native = ISA_NAMES.index(isa) >= ISA_NAMES.index(LOWEST_NATIVE_BF16_ISA)
    if native or precision not in BF16_PRECISIONS or settings.all_cells:
        return None
    return "BF16 would be emulated, slower than FP32; VGG19_ALL_CELLS=1 measures it"


def repeated(possible: Sequence[PlannedCell]) -> PlannedCell:
    """Return the cell that is measured twice: the fastest there can be, which tells most in a turn.

    That is INT8 at its highest isa, or what else there is.
    """
    return max(possible, key=lambda cell: (cell.precision == "int8", ISA_NAMES.index(cell.isa)))
