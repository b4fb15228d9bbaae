"""The cells that a precision is judged by: those at the highest cap."""

from stages.isa import rank
from stages.precisions import PRECISION_NAMES
from stages.records.cell import Cell
from stages.records.profile import ProfileRecord


def highest_timed(record: ProfileRecord) -> list[Cell]:
    """Return the cell of each precision at the highest cap at which it was timed."""
    timed = (cell for cell in record.cells if cell.measurement)
    in_order = sorted(timed, key=lambda cell: rank(cell.requested_isa))
    by_precision = {cell.precision: cell for cell in in_order}
    return [by_precision[name] for name in PRECISION_NAMES if name in by_precision]
