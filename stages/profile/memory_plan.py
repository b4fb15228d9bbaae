"""How many processes memory holds at a time, and so in which groups the cells are measured.

Which cells ran the same, and how much each takes, is known after the proofs; doctor, and profile
before it begins, go by what VGG19 has been seen to take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.common.host import memory
from stages.common.host.memory import Footprint
from stages.errors import HostError
from stages.precisions import FP32
from stages.profile.layouts import Placement
from stages.profile.plan import PlannedCell, cell_to_repeat, expected_alone
from stages.settings import Settings

# Loading keeps one core busy; more at a time would take more memory than the turns do.
MAX_LOADING = 4
Footprints = Mapping[PlannedCell, Footprint]


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """The cells in groups, each alive at the same time, and what the largest takes.

    Each group has the cell that is measured twice. `processes` and `needed` bytes are those of the
    largest; with `at_once` all of a group load at the same time.
    """

    groups: list[list[PlannedCell]]
    processes: int
    needed: int
    at_once: bool


def plan_groups(
    timed: Sequence[PlannedCell], sizes: Footprints, instances: int, left: int | None
) -> MemoryPlan:
    """Return groups of cells, each cell in `instances` processes, that fit into the bytes `left`.

    All cells are in one if that is known to fit, or `left` is None. Raises HostError if not even
    three fit: the cell that is measured twice, and another.
    """
    repeated = cell_to_repeat(timed)
    everything = _plan([[*timed]], repeated, sizes, instances, left)
    if left is None or everything.needed <= left:
        return everything
    groups = [[repeated]]
    for cell in timed:
        if cell != repeated:
            bigger = [*groups[-1], cell]
            fits = memory.needed_in_turn(_footprints(bigger, repeated, sizes, instances)) <= left
            groups = [*groups[:-1], bigger] if fits else [*groups, [repeated, cell]]
    kept = [group for group in groups if len(group) > 1 or len(groups) == 1]
    plan = _plan(kept, repeated, sizes, instances, left)
    _require(plan, instances, left)
    return plan


def expected_plan(
    settings: Settings, possible: Sequence[PlannedCell], instances: int, left: int | None
) -> MemoryPlan:
    """Return the plan of VGG19's cells, before anything of it is known; HostError as above."""
    if not possible:
        return MemoryPlan([], 0, 0, at_once=True)
    alone = expected_alone(possible, settings)
    return plan_groups(alone, _expected(settings, alone), instances, left)


def candidates_that_fit(
    settings: Settings,
    possible: Sequence[PlannedCell],
    candidates: Sequence[Placement],
    left: int | None,
) -> list[Placement]:
    """Return the layouts to try, without those of more processes than the bytes `left` hold.

    Raises HostError if not even the smallest fits.
    """
    fitting = [*candidates]
    while len(fitting) > 1 and not _fit(settings, possible, fitting, left):
        fitting.remove(max(fitting, key=len))
    if len(fitting) == 1:
        expected_plan(settings, possible, len(fitting[0]), left)
    return fitting


def _expected(settings: Settings, cells: Sequence[PlannedCell]) -> dict[PlannedCell, Footprint]:
    size = settings.batch_size
    return {cell: memory.expected_footprint(cell.precision, size) for cell in cells}


def loading_at_once(settings: Settings, cores: int, left: int | None) -> int:
    """Return how many processes may load at the same time for the proofs."""
    expected = memory.expected_footprint(FP32, settings.batch_size)
    most = min(cores, MAX_LOADING)
    while most > 1 and left is not None and memory.needed_at_once([expected] * most) > left:
        most -= 1
    return most


def _fit(
    settings: Settings,
    possible: Sequence[PlannedCell],
    candidates: Sequence[Placement],
    left: int | None,
) -> bool:
    """Return whether the search for the best of several layouts fits, and a run in any of them."""
    expected = memory.expected_footprint(FP32, settings.batch_size)
    searching = memory.needed_at_once([expected] * sum(map(len, candidates)))
    try:
        expected_plan(settings, possible, max(map(len, candidates)), left)
    except HostError:
        return False
    return left is None or searching <= left


def _plan(
    groups: list[list[PlannedCell]],
    repeated: PlannedCell,
    sizes: Footprints,
    instances: int,
    left: int | None,
) -> MemoryPlan:
    prints = [_footprints(group, repeated, sizes, instances) for group in groups]
    at_once = max(map(memory.needed_at_once, prints))
    if left is None or at_once <= left:
        return MemoryPlan(groups, max(map(len, prints)), at_once, at_once=True)
    in_turn = max(map(memory.needed_in_turn, prints))
    return MemoryPlan(groups, max(map(len, prints)), in_turn, at_once=False)


def _footprints(
    group: Sequence[PlannedCell], repeated: PlannedCell, sizes: Footprints, instances: int
) -> list[Footprint]:
    return [sizes[cell] for cell in (*group, repeated)] * instances


def _require(plan: MemoryPlan, instances: int, left: int) -> None:
    remedy = "take more memory, give a smaller batch_size"
    fewer = f"{remedy}, or fewer instances" if instances > 1 else remedy.replace(",", ", or")
    memory.require(plan.processes, plan.needed, left, fewer)
