"""What is swept: cells, layouts and batch sizes, of the default ones as far as there is room."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from stages.common.host import memory
from stages.common.host.memory import Footprint
from stages.common.text import left_out
from stages.errors import PinningError
from stages.isa import rank
from stages.profile.layouts import Placement, candidate_placements, layout_of, place_instances
from stages.profile.plan import PlannedCell, cell_to_repeat, expected_alone
from stages.records.sweep import PointName
from stages.setting.of_rounds import SWEEP_SIZES
from stages.setting.values import AUTO, OWN_BACKBONES
from stages.settings import Settings

# Default batch sizes above this go before layouts do, where memory has no room for both.
MIN_LARGEST = 8
REMEDY = "take more memory, smaller batch_sizes, or fewer instances (layouts)"
Footprints: TypeAlias = Mapping[PlannedCell, Footprint]


@dataclass(frozen=True, slots=True)
class Series:
    """The points of a cell in one layout: its processes run all batch sizes in turn."""

    cell: PlannedCell
    placement: Placement

    @property
    def name(self) -> str:
        """Name for files and messages."""
        return f"{self.cell.name}.{len(self.placement)}x{len(self.placement[0])}"

    def point(self, batch_size: int) -> PointName:
        """Return the name of its point at a batch size."""
        layout = layout_of(self.placement)
        return PointName(precision=self.cell.precision, layout=layout, batch_size=batch_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is swept: every one of the possible `cells` in every placement at every size.

    `left_out` says in words what of the defaults is not.
    """

    cells: Sequence[PlannedCell]
    placements: Sequence[Placement]
    sizes: Sequence[int]
    left_out: Sequence[str]

    @property
    def possible(self) -> list[PlannedCell]:
        """The cells that can run here."""
        return [cell for cell in self.cells if cell.impossible is None]

    @property
    def series(self) -> list[Series]:
        """All series, by cell and placement."""
        return [Series(cell, placement) for cell in self.possible for placement in self.placements]

    @property
    def reference(self) -> Series:
        """The series that is in each group: the fastest cell in the fewest processes."""
        return Series(cell_to_repeat(self.possible), min(self.placements, key=len))

    @property
    def reference_size(self) -> int:
        """The batch size at which it is measured in each group."""
        return min(self.sizes, key=lambda size: abs(size - MIN_LARGEST))


def highest_cells(planned: Sequence[PlannedCell], settings: Settings) -> list[PlannedCell]:
    """Return the cell of each precision at its highest ISA, one that is impossible if all are.

    A higher cap at which the same kernels are expected to run is none of its own.
    """
    possible = [cell for cell in planned if cell.impossible is None]
    distinct = expected_alone(possible, settings)
    return [
        max(
            [cell for cell in distinct if cell.precision == precision]
            or [cell for cell in planned if cell.precision == precision],
            key=lambda cell: rank(cell.isa),
        )
        for precision in settings.precisions
    ]


def placements_of(settings: Settings, cores: Sequence[int]) -> list[Placement]:
    """Return the placements asked for, else those of `num_instances=auto`.

    Raises PinningError if more instances than cores are asked for.
    """
    if not settings.layouts:
        automatic = replace(settings, num_instances=AUTO, cores_per_instance=0)
        return candidate_placements(automatic, cores)
    if (most := max(settings.layouts)) > len(cores):
        raise PinningError(
            f"layouts {most} needs {most} cores, and there are {len(cores)}; "
            "ask for less (VGG19_LAYOUTS) or give VGG19_CORES"
        )
    return [place_instances(cores, number) for number in sorted(settings.layouts)]


def plan_sweep(
    settings: Settings,
    cells: Sequence[PlannedCell],
    cores: Sequence[int],
    images: int,
    backbone: str,
) -> Plan:
    """Return what to sweep, on a test split of this many `images`.

    Defaults that there is no room for are left out; nothing is known of the memory that another
    network than VGG19 takes. Raises PinningError as `placements_of` does, HostError if
    memory has no room for what is asked for, or for the least there can be.
    """
    sizes = sorted(settings.batch_sizes or SWEEP_SIZES)
    fitting = [size for size in sizes if settings.batch_sizes or size <= images]
    placements, tried = placements_of(settings, cores), [*fitting]
    reasons = left_out("batch sizes", sizes, fitting, f"there are {images} test images")
    plan = Plan(cells=cells, placements=placements, sizes=tried, left_out=reasons)
    left = memory.available()
    while backbone in OWN_BACKBONES and left is not None and needed_for_widest(plan) > left:
        plan = _smaller(plan, settings, left)
    instances, fewer = ([*map(len, made)] for made in (placements, plan.placements))
    no_room = "memory has no room for them"
    lines = [
        *reasons,
        *left_out("batch sizes", fitting, plan.sizes, no_room),
        *left_out("instances", instances, fewer, no_room),
    ]
    return replace(plan, left_out=lines)


def needed_for_widest(plan: Plan) -> int:
    """Return the bytes that VGG19 takes in the series of most processes beside the reference."""
    widest = max(plan.placements, key=len)
    most = max(plan.sizes)
    prints = {cell: memory.expected_footprint(cell.precision, most) for cell in plan.possible}
    groups = ([plan.reference, Series(cell, widest)] for cell in plan.possible)
    return max(memory.needed_in_turn(footprints(group, prints)) for group in groups)


def group_series(plan: Plan, prints: Footprints, left: int | None) -> list[list[Series]]:
    """Return groups of series whose processes memory holds at once, each with the reference first.

    `prints` is what a process of each cell takes. Raises HostError if the bytes `left` don't hold
    a series beside the reference.
    """
    groups = [[plan.reference]]
    for series in plan.series:
        if series == plan.reference:
            continue
        bigger = [*groups[-1], series]
        is_held = left is None or memory.needed_in_turn(footprints(bigger, prints)) <= left
        groups = [*groups[:-1], bigger] if is_held else [*groups, [plan.reference, series]]
    kept = [group for group in groups if len(group) > 1 or len(groups) == 1]
    for group in kept:
        own = footprints(group, prints)
        memory.require(len(own), memory.needed_in_turn(own), left, REMEDY)
    return kept


def loads_at_once(group: Sequence[Series], prints: Footprints, left: int | None) -> bool:
    """Return whether the processes of a group may all load at the same time."""
    return left is None or memory.needed_at_once(footprints(group, prints)) <= left


def footprints(group: Sequence[Series], prints: Footprints) -> list[Footprint]:
    """Return what each process of several series takes; one that is there twice counts once."""
    names = {series.name: series for series in group}
    return [prints[series.cell] for series in names.values() for _ in series.placement]


def _smaller(plan: Plan, settings: Settings, left: int) -> Plan:
    """Return a plan without the largest batch size, or the widest layout, if not asked for.

    Raises HostError if all is asked for, or nothing can be left out any more.
    """
    sizes, widest = plan.sizes, max(plan.placements, key=len)
    may_cut = not settings.batch_sizes and len(sizes) > 1
    if may_cut and (sizes[-1] > MIN_LARGEST or len(plan.placements) == 1 or settings.layouts):
        return replace(plan, sizes=sizes[:-1])
    if not settings.layouts and len(plan.placements) > 1:
        return replace(plan, placements=[it for it in plan.placements if it != widest])
    processes = len(widest) + len(plan.reference.placement)
    memory.require(processes, needed_for_widest(plan), left, REMEDY)
    return plan
