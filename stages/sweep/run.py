"""All points of a sweep: proofs first, then, group by group, the rounds of their turns."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from stages.common.host import memory
from stages.common.host.memory import Footprint
from stages.common.progress import Progress
from stages.folder.full_disk import require_room, scratch_folder
from stages.profile.cell_workers import CellWorkers
from stages.profile.instance_group import InstanceGroup
from stages.profile.plan import PlannedCell
from stages.profile.proving import proof_step
from stages.profile.turns import CellSamples, Turns
from stages.records.measure import Run
from stages.records.sweep import PointName, SizeProof
from stages.settings import Settings
from stages.sweep.plan import Footprints, Plan, Series, group_series, loads_at_once
from stages.sweep.proving import prove_sizes
from stages.sweep.rounds import OFFLINE, take_rounds
from stages.sweep.words import points_in_words

# What a step of progress is called, one for each group.
ROUNDS = "rounds"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptPoints:
    """What was measured: proofs by precision, the samples of each point, the number of groups."""

    proofs: Mapping[str, list[SizeProof]]
    samples: Mapping[PointName, CellSamples]
    groups: int


@dataclass(frozen=True, slots=True)
class _Measured:
    """A point of a group: its name, and the instances that run it."""

    name: PointName
    group: InstanceGroup


def sweep(workers: CellWorkers, plan: Plan) -> SweptPoints:
    """Prove all cells at all sizes, and measure all points.

    Raises ProofError if a cell did not run what its name says, HostError if not even a series and
    the reference fit into memory, WorkerError if a worker fails, DiskFullError if logs may be cut
    off.
    """
    proofs: dict[str, list[SizeProof]] = {}
    prints: dict[PlannedCell, Footprint] = {}
    with (
        Progress("sweep", [*map(proof_step, plan.possible), ROUNDS]) as progress,
        scratch_folder("sweep-") as scratch,
    ):
        for cell in plan.possible:
            progress.step(proof_step(cell))
            cores = plan.reference.placement[0]
            proofs[cell.precision], prints[cell] = prove_sizes(workers, cell, cores, plan.sizes)
        groups = group_series(plan, prints, memory.available())
        progress.expect([ROUNDS] * (len(groups) - 1))
        samples = _measure_all(workers, plan, groups, prints, scratch, progress)
    require_room(workers.loadgen_logs)
    return SweptPoints(proofs=proofs, samples=samples, groups=len(groups))


def _measure_all(
    workers: CellWorkers,
    plan: Plan,
    groups: Sequence[Sequence[Series]],
    prints: Footprints,
    scratch: Path,
    progress: Progress,
) -> dict[PointName, CellSamples]:
    """Return the samples of all points, whose turns are marked over all groups."""
    samples: dict[PointName, CellSamples] = {}
    points = len(plan.series) * len(plan.sizes) + len(groups) - 1
    for number, group in enumerate(groups):
        sizes = _sizes_of(plan, group, first=not number)
        count = sum(map(len, sizes))
        progress.step(ROUNDS, f"rounds of {points_in_words(count)}")
        waiting = not loads_at_once(group, prints, memory.available())
        with ExitStack() as running:
            started = [
                _start(workers, series, scratch, running, waiting=waiting) for series in group
            ]
            measured = [
                _Measured(series.point(size), instances.named(f"{series.name}.b{size}"))
                for series, instances, own in zip(group, started, sizes, strict=True)
                for size in own
            ]
            budget_s = workers.settings.time_budget * count / points
            _measure(workers.settings, measured, samples, budget_s, progress)
    return samples


def _sizes_of(plan: Plan, group: Sequence[Series], *, first: bool) -> list[Sequence[int]]:
    """Return the sizes of each series; after the first group the reference has but one."""
    again = [plan.reference_size]
    return [plan.sizes if first or series != plan.reference else again for series in group]


def _start(
    workers: CellWorkers, series: Series, scratch: Path, running: ExitStack, *, waiting: bool
) -> InstanceGroup:
    group = workers.group(series.cell, series.name, series.placement, scratch, waiting=waiting)
    return running.enter_context(group)


def _measure(
    settings: Settings,
    measured: Sequence[_Measured],
    samples: dict[PointName, CellSamples],
    budget_s: float,
    progress: Progress,
) -> None:
    """Let all points of a group take turns, and add these to the samples."""
    # Until all are loaded, none is asked: what it did beside those would be too little.
    load_seconds = [it.group.load_seconds for it in measured]
    for it, load_s in zip(measured, load_seconds, strict=True):
        if it.name not in samples:
            samples[it.name] = _no_samples(it, load_s)
    turns = Turns(
        settings,
        [it.group for it in measured],
        [samples[it.name] for it in measured],
        [*samples.values()],
        [it.name.batch_size for it in measured],
    )
    take_rounds(turns, budget_s, progress)


def _no_samples(measured: _Measured, load_s: float) -> CellSamples:
    """Return the samples of a point that has no turn yet: what it does is seen by one batch."""
    return CellSamples(
        name=measured.group.name,
        predictions=[],
        accuracy_log="",
        accuracy_made="",
        images_per_s=measured.group.rate(measured.name.batch_size),
        load_seconds=load_s,
    )


def runs_by_point(swept: SweptPoints) -> dict[PointName, list[Run]]:
    """Return the turns of each point."""
    return {name: samples.runs[OFFLINE] for name, samples in swept.samples.items()}
