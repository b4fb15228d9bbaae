"""What each cap adds: a cell over the same precision at the next lower cap that was timed."""

from collections.abc import Iterator
from dataclasses import dataclass

from stages.common.stats import speedup
from stages.isa import AMX, rank
from stages.records.base import Interval
from stages.records.cell import Cell
from stages.records.profile import ProfileRecord


@dataclass(frozen=True, slots=True)
class Step:
    """How many times as fast a precision is, offline, at `isa` as at the lower cap `below`."""

    runtime: str
    precision: str
    isa: str
    below: str
    ratio: Interval


def steps_of(record: ProfileRecord) -> list[Step]:
    """Return a step for each timed cell that has a timed one below it, the lowest isa first.

    Cells that run the same kernels as a lower one were not timed, and are no step.
    """
    timed = sorted((cell for cell in record.cells if cell.measurement), key=_rank)
    return [step for cell in timed for step in _step(record, cell, timed)]


def amx_step(steps: list[Step], precision: str) -> Step | None:
    """Return what AMX adds to a precision; None if that was not timed."""
    found = (step for step in steps if (step.precision, step.isa) == (precision, AMX))
    return next(found, None)


def _rank(cell: Cell) -> int:
    return rank(cell.requested_isa)


def _step(record: ProfileRecord, cell: Cell, timed: list[Cell]) -> Iterator[Step]:
    lower = [it for it in timed if it.precision == cell.precision and _rank(it) < _rank(cell)]
    ours, theirs = cell.measurement, lower[-1].measurement if lower else None
    if ours and theirs:
        anchors = record.anchors("offline")
        yield Step(
            runtime=record.runtime,
            precision=cell.precision,
            isa=cell.requested_isa,
            below=lower[-1].requested_isa,
            ratio=speedup("offline", ours.offline.runs, theirs.offline.runs, anchors),
        )
