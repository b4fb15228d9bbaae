"""All cells from the plan to their figures: proofs first, then the turns, then the verdicts."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from stages.common.host import memory
from stages.common.pairs import CellName, pairs_of
from stages.common.progress import Progress
from stages.folder.full_disk import require_room, scratch_folder
from stages.profile import layout_search, results, rounds
from stages.profile.cell_workers import CellWorkers
from stages.profile.known import KnownCells
from stages.profile.layouts import Placement, layout_of
from stages.profile.memory_plan import MemoryPlan, plan_groups
from stages.profile.plan import PlannedCell, cell_to_repeat
from stages.profile.proof import ProofRun
from stages.profile.proving import Proving, proof_step
from stages.profile.turns import CellSamples
from stages.records.cell import Cell
from stages.records.profile import Layout, LayoutTrial, Repeat
from stages.samples import load_samples
from stages.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCells:
    """All cells in the order planned, the one that was measured twice, and the layout of all.

    `labels` are those of the test split; `tried` are the layouts tried, none if only one was asked
    for.
    """

    labels: list[int]
    cells: list[Cell]
    repeat: Repeat
    layout: Layout
    tried: list[LayoutTrial]


def measure(
    workers: CellWorkers,
    planned: Sequence[PlannedCell],
    candidates: Sequence[Placement],
    known: KnownCells | None = None,
    earlier: Mapping[str, CellSamples] | None = None,
) -> MeasuredCells:
    """Prove and measure each possible cell; the others keep their reason.

    What is `known` of cells is not made again, and new turns follow those of the `earlier` samples,
    by the names of cells. If there are several `candidates`, the best is found first. Raises
    ProofError if a cell did not run what its name says, HostError if the cells don't fit into
    memory side by side, WorkerError if a worker fails, DiskFullError if logs may be cut off.
    """
    settings = workers.settings
    possible = [cell for cell in planned if cell.impossible is None]
    with (
        Progress("profile", _steps(settings, possible, candidates)) as progress,
        scratch_folder("profile-") as scratch,
    ):
        placement, tried = layout_search.find_best(
            workers, cell_to_repeat(possible), candidates, scratch, progress
        )
        known_here = (known or KnownCells()).on(placement[0])
        proving = Proving(workers, possible, known_here)
        proving.prove_all(placement, progress)
        proofs, sizes = proving.proofs, proving.sizes
        timed = [cell for cell in possible if settings.all_cells or not proofs[cell].same_as]
        plan = plan_groups(timed, sizes, len(placement), memory.available())
        _expect(progress, settings, possible, timed, plan)
        pairs = pairs_of(_shown(possible, timed, proofs))
        samples, second = rounds.measure_groups(
            workers, plan, placement, known_here, earlier or {}, pairs, scratch, progress
        )
    require_room(workers.onednn_logs)
    labels = load_samples(workers.artifacts.train.test).labels.tolist()
    repeated, size = cell_to_repeat(timed), settings.batch_size
    return MeasuredCells(
        labels=labels,
        cells=results.build_cells(planned, proofs, samples, size, labels),
        repeat=results.build_repeat(repeated, samples, second, size, labels),
        layout=layout_of(placement),
        tried=tried,
    )


def _shown(
    possible: Sequence[PlannedCell],
    timed: Container[PlannedCell],
    proofs: Mapping[PlannedCell, ProofRun],
) -> dict[CellName, CellName]:
    """Return the cells of the table, each with the timed cell that its figures are of."""
    isas = {cell: None if cell in timed else proofs[cell].same_as for cell in possible}
    return {
        (cell.precision, cell.isa): (cell.precision, isas[cell] or cell.isa) for cell in possible
    }


def _steps(
    settings: Settings, possible: Sequence[PlannedCell], candidates: Sequence[Placement]
) -> list[str]:
    """Return the steps of progress if all cells are timed; only the proofs show which will be."""
    return [
        *layout_search.steps(settings, candidates),
        *map(proof_step, possible),
        *_timing_steps(settings, possible),
    ]


def _timing_steps(settings: Settings, timed: Sequence[PlannedCell]) -> list[str]:
    return rounds.steps(settings, [timed])


def _expect(
    progress: Progress,
    settings: Settings,
    possible: Sequence[PlannedCell],
    timed: Sequence[PlannedCell],
    plan: MemoryPlan,
) -> None:
    """Count the steps that come instead of those that were expected, and say why."""
    progress.drop(_timing_steps(settings, possible))
    progress.expect(rounds.steps(settings, plan.groups))
    if same := len(possible) - len(timed):
        less = len(_timing_steps(settings, possible)) - len(_timing_steps(settings, timed))
        progress.note(_fewer_steps(same, less))
    if len(plan.groups) > 1:
        progress.note(
            f"memory holds {plan.processes} processes at a time: {len(timed)} cells are measured "
            f"in {len(plan.groups)} groups, each with {cell_to_repeat(timed).name}"
        )


def _fewer_steps(same: int, less: int) -> str:
    """Return why there are `less` steps than were counted, `same` cells not being timed."""
    cells = "1 cell runs" if same == 1 else f"{same} cells run"
    steps = "1 step" if less == 1 else f"{less} steps"
    return f"{cells} the same kernels as at a lower cap: not timed again, {steps} fewer"
