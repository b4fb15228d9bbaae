"""The plan: every precision at every ISA, with the reason if a cell can't be measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.common.host.facts import no_cell_runs, why_impossible
from stages.common.reasons import MEASURED_IF_ASKED
from stages.errors import SettingsError, StageError
from stages.isa import brings, rank
from stages.precisions import INT8, get_precision
from stages.records.quantize import QuantizeRecord
from stages.settings import Settings


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A precision at an ISA; `impossible` is the reason why it can't run here, or None."""

    precision: str
    isa: str
    impossible: str | None

    @property
    def name(self) -> str:
        """Name for files and messages."""
        return f"{self.precision}_{self.isa}"


def missing_models(quantize: QuantizeRecord) -> dict[str, str]:
    """Return the precisions that quantize made no model for, with the reason."""
    return {variant.precision: variant.missing for variant in quantize.variants if variant.missing}


def plan_cells(
    settings: Settings, flags: frozenset[str], missing: Mapping[str, str]
) -> list[PlannedCell]:
    """Return all cells that the settings ask for, from the lowest ISA up.

    `flags` are the CPU's; `missing` has the reason for each precision without a model.
    """
    return [
        PlannedCell(
            precision,
            isa,
            missing.get(precision)
            or _why_impossible(precision, isa, flags)
            or _why_left_out(precision, isa, settings),
        )
        for isa in sorted(settings.isas, key=rank)
        for precision in settings.precisions
    ]


def why_none(planned: Sequence[PlannedCell], flags: frozenset[str]) -> StageError:
    """Return why no cell can run: for want of an instruction set, if that is behind any."""
    for cell in planned:
        if cell.impossible and cell.impossible == why_impossible(cell.isa, flags):
            return no_cell_runs(cell.impossible)
    reason = planned[0].impossible
    return SettingsError(f"no cell can run here ({reason}); ask for other isas or precisions")


def expected_alone(possible: Sequence[PlannedCell], settings: Settings) -> list[PlannedCell]:
    """Return the cells of `possible` that will be timed, as far as can be known before the proofs.

    A cell whose ISA has no other instructions for its types than one before it runs the same, as
    one capped at FP16 does beside one capped at BF16; only the proofs decide it.
    """
    if settings.all_cells:
        return [*possible]
    alone: dict[tuple[str, str | None], PlannedCell] = {}
    for cell in sorted(possible, key=lambda cell: rank(cell.isa)):
        types = get_precision(cell.precision).data_types
        alone.setdefault((cell.precision, brings(types, cell.isa)), cell)
    return [*alone.values()]


def is_native(precision: str, isa: str) -> bool:
    """Return whether oneDNN capped at `isa` may use instructions made for `precision`."""
    return rank(isa) >= rank(get_precision(precision).lowest_native_isa)


def _why_impossible(name: str, isa: str, flags: frozenset[str]) -> str | None:
    precision = get_precision(name)
    if rank(isa) < rank(precision.lowest_isa):
        return f"oneDNN has no {_narrow_type(name)} convolution below {precision.lowest_isa}"
    return why_impossible(isa, flags)


def _why_left_out(precision: str, isa: str, settings: Settings) -> str | None:
    if is_native(precision, isa) or settings.all_cells:
        return None
    kind = _narrow_type(precision)
    return f"{kind} would be emulated, slower than FP32; {MEASURED_IF_ASKED}"


def _narrow_type(name: str) -> str:
    """Return the type of a precision that a CPU may lack instructions for, as people write it."""
    precision = get_precision(name)
    return precision.converts_to.upper() or precision.label


def cell_to_repeat(possible: Sequence[PlannedCell]) -> PlannedCell:
    """Return the cell to measure twice: the fastest, as it runs the most batches in a turn.

    That is INT8 at its highest ISA or, without INT8, a cell at the highest ISA.
    """
    return max(possible, key=lambda cell: (cell.precision == INT8, rank(cell.isa)))
