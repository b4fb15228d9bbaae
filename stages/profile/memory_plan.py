"""How much memory a run takes, known before anything of it runs; doctor asks the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from stages.common.host import memory
from stages.isa import rank
from stages.precisions import FP32, INT8
from stages.profile.layouts import Placement
from stages.profile.plan import PlannedCell, expected_alone
from stages.settings import Settings

# Loading keeps one core busy; more at a time would take more memory than the turns do.
MAX_LOADING = 4


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """How many processes are alive at the same time at most, and the bytes that they take."""

    processes: int
    needed: int


def expected_peak(settings: Settings) -> int:
    """Return the bytes that a process with VGG19 has been seen to take at its peak, by itself."""
    return memory.expected_peak(settings.batch_size)


def plan_memory(
    settings: Settings,
    possible: Sequence[PlannedCell],
    candidates: Sequence[Placement],
    peak: int,
) -> MemoryPlan:
    """Return what a run takes at most whose cells all are `possible`, in any of `candidates`.

    `peak` are the bytes that one of its processes takes, without what all share.
    """
    if not possible:
        return MemoryPlan(0, 0)
    loading = min(len(possible), len(candidates[0][0]), MAX_LOADING)
    searching = sum(map(len, candidates)) if len(candidates) > 1 else 0
    # One cell is measured twice.
    timed = (len(expected_alone(possible, settings)) + 1) * max(map(len, candidates))
    processes = max(loading, searching, timed)
    return MemoryPlan(processes, memory.needed_by([peak] * processes))


def candidates_that_fit(
    settings: Settings, possible: Sequence[PlannedCell], candidates: Sequence[Placement]
) -> list[Placement]:
    """Return the layouts to try, without those of more processes than the memory holds.

    Raises HostError if not even the smallest fits.
    """
    left, peak, fitting = memory.available(), expected_peak(settings), [*candidates]
    while len(fitting) > 1 and not _fits(settings, possible, fitting, peak, left):
        fitting.remove(max(fitting, key=len))
    if len(fitting) == 1:
        require(settings, possible, fitting[0], peak, left)
    return fitting


def require(
    settings: Settings,
    possible: Sequence[PlannedCell],
    placement: Placement,
    peak: int,
    left: int | None,
) -> None:
    """Raise HostError if a run takes more than the bytes `left`, with what would fit."""
    if not _fits(settings, possible, [placement], peak, left):
        plan = plan_memory(settings, possible, [placement], peak)
        fitting = what_fits(settings, possible, placement, peak, left)
        memory.require(plan.processes, plan.needed, left, fitting)


def what_fits(
    settings: Settings,
    possible: Sequence[PlannedCell],
    placement: Placement,
    peak: int,
    left: int | None,
) -> str:
    """Return what to ask for instead, so that the run fits into the bytes `left`."""
    for instances in range(len(placement) - 1, 0, -1):
        if _fits(settings, possible, [placement[:instances]], peak, left):
            return f"VGG19_NUM_INSTANCES={instances} would fit"
    smallest = placement[:1]
    parts = [part for part in _parts(possible) if _fits(settings, part, [smallest], peak, left)]
    if not parts:
        return f"not even one cell would fit: {_without_cells(settings, possible, smallest, left)}"
    best = _as_settings(max(parts, key=lambda part: _worth(part, settings)))
    return f"{best}{' with VGG19_NUM_INSTANCES=1' if len(placement) > 1 else ''} would fit"


def _without_cells(
    settings: Settings, possible: Sequence[PlannedCell], smallest: Placement, left: int | None
) -> str:
    """Return what helps if no cell fits: of a small batch, loading takes the most."""
    least = memory.expected_peak(1)
    helps = any(_fits(settings, part, [smallest], least, left) for part in _parts(possible))
    smaller = "give a smaller batch_size, or " if helps else ""
    return f"{smaller}take more memory"


def _fits(
    settings: Settings,
    possible: Sequence[PlannedCell],
    candidates: Sequence[Placement],
    peak: int,
    left: int | None,
) -> bool:
    return left is None or plan_memory(settings, possible, candidates, peak).needed <= left


def _parts(possible: Sequence[PlannedCell]) -> Iterator[list[PlannedCell]]:
    """Yield the cells of every choice of precisions and ISAs."""
    for precisions in _choices([cell.precision for cell in possible]):
        for isas in _choices([cell.isa for cell in possible]):
            part = [cell for cell in possible if cell.precision in precisions and cell.isa in isas]
            if part:
                yield part


def _choices(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    distinct = [*dict.fromkeys(names)]
    for size in range(1, len(distinct) + 1):
        yield from combinations(distinct, size)


def _worth(part: Sequence[PlannedCell], settings: Settings) -> tuple[int, ...]:
    """Return by what a choice is better: both models, the highest ISA, the most to compare."""
    models = len({cell.precision for cell in part} & {FP32, INT8})
    highest = max(rank(cell.isa) for cell in part)
    return models, highest, len(expected_alone(part, settings)), len(part)


def _as_settings(part: Sequence[PlannedCell]) -> str:
    precisions = dict.fromkeys(cell.precision for cell in part)
    isas = dict.fromkeys(cell.isa for cell in part)
    return f"VGG19_PRECISIONS={','.join(precisions)} with VGG19_ISAS={','.join(isas)}"
