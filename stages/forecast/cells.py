"""The cells that profile would measure here, and why it leaves the others out."""

from collections.abc import Sequence

from stages.common.host.facts import cpu_flags
from stages.doctor.memory_check import known_missing
from stages.isa import rank
from stages.profile.plan import PlannedCell, cell_to_repeat, expected_alone, plan_cells
from stages.settings import Settings

AS_LOWER = "the same kernels as at a lower cap, unless the proofs show others"


def timed_rows(settings: Settings) -> list[tuple[str, str]]:
    """Return a row for each cap with the precisions that are timed there; none if no cell can run.

    What quantize made no model for is known once it has run.
    """
    timed = timed_cells(settings)
    caps: dict[str, list[str]] = {}
    for cell in sorted(timed, key=lambda cell: rank(cell.isa)):
        caps.setdefault(cell.isa, []).append(cell.precision)
    rows = [(f"capped at {isa}", ", ".join(precisions)) for isa, precisions in caps.items()]
    return [*rows, ("measured twice", _name(cell_to_repeat(timed)))] if timed else []


def left_out_rows(settings: Settings) -> list[tuple[str, str]]:
    """Return a row for each reason why cells are not timed, or not run at all."""
    timed, cells = timed_cells(settings), _planned(settings)
    others = [(AS_LOWER, cell) for cell in cells if not cell.impossible and cell not in timed]
    impossible = [(cell.impossible, cell) for cell in cells if cell.impossible]
    return [
        *_grouped(others, "not timed:", len(settings.isas)),
        *_grouped(impossible, "not run:", len(settings.isas)),
    ]


def _planned(settings: Settings) -> list[PlannedCell]:
    return plan_cells(settings, cpu_flags(), known_missing(settings))


def timed_cells(settings: Settings) -> list[PlannedCell]:
    """Return the cells that are timed, one of which is measured twice; none if no cell can run."""
    possible = [cell for cell in _planned(settings) if not cell.impossible]
    return expected_alone(possible, settings)


def _grouped(
    reasons: Sequence[tuple[str, PlannedCell]], head: str, all_isas: int
) -> list[tuple[str, str]]:
    """Return each reason with all cells that it is of: the caps of those precisions together.

    The caps are left out if they are all that there are.
    """
    isas: dict[tuple[str, str], list[str]] = {}
    for reason, cell in reasons:
        isas.setdefault((reason, cell.precision), []).append(cell.isa)
    precisions: dict[tuple[str, str], list[str]] = {}
    for (reason, precision), caps in isas.items():
        shown = "" if len(caps) == all_isas else f" {' '.join(caps)}"
        precisions.setdefault((reason, shown), []).append(precision)
    return [
        (f"{head} {' '.join(names)}{caps}", reason) for (reason, caps), names in precisions.items()
    ]


def _name(cell: PlannedCell) -> str:
    return f"{cell.precision} capped at {cell.isa}"
