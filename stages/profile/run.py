"""All cells from the plan to their figures: proofs first, then the turns, then the verdicts."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.common.host import memory
from stages.common.progress import Progress
from stages.profile import layout_search, results, rounds
from stages.profile.cell_workers import CellWorkers
from stages.profile.layouts import Split, layout_of
from stages.profile.plan import PlannedCell, repeated
from stages.profile.proof import ProofRun, Traced, judge
from stages.records.cell import Cell
from stages.records.profile import Layout, LayoutTrial, Repeat
from stages.samples import load_samples

# Loading keeps one core busy; more at a time would take memory that is not asked for here.
MAX_LOADING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All cells in the order planned, one of them again, and the layout they were measured in.

    `labels` are those of the test split.
    """

    labels: list[int]
    cells: list[Cell]
    repeat: Repeat
    layout: Layout
    tried: list[LayoutTrial]


def measure(
    workers: CellWorkers, planned: Sequence[PlannedCell], candidates: Sequence[Split]
) -> Measured:
    """Prove and measure each possible cell; the others keep their reason.

    If there are several `candidates`, the best is found first. Raises ProofError if a cell did not
    run what its name says, HostError if all don't fit into memory, WorkerError if one fails.
    """
    settings = workers.settings
    possible = [cell for cell in planned if cell.impossible is None]
    # As if all had to be timed: that is known after the proofs.
    expected = rounds.steps(settings, [*possible, repeated(possible)])
    steps = [*layout_search.steps(settings, candidates), *map(_proof_step, possible), *expected]
    with Progress("profile", steps) as progress, tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        split, tried = layout_search.best(
            workers, repeated(possible), candidates, scratch, progress
        )
        proofs, peaks = _prove(workers, possible, split[0], progress)
        timed = [cell for cell in possible if settings.all_cells or not proofs[cell].same_as]
        cells = [*timed, repeated(timed)]
        progress.drop(expected)
        progress.expect(rounds.steps(settings, cells))
        _require_memory([peaks[cell] for cell in cells], len(split))
        *taken, again = rounds.take(workers, cells, split, scratch, progress)
    samples = dict(zip(timed, taken, strict=True))
    labels = load_samples(workers.artifacts.train.test).labels.tolist()
    size = settings.batch_size
    return Measured(
        labels=labels,
        cells=results.cells(planned, proofs, samples, size, labels),
        repeat=results.repeat(cells[-1], samples[cells[-1]], again, size, labels),
        layout=layout_of(split),
        tried=tried,
    )


def _proof_step(cell: PlannedCell) -> str:
    return f"proof of {cell.precision} capped at {cell.isa}"


def _require_memory(peaks: Sequence[int], instances: int) -> None:
    """Raise HostError if all instances of cells with these peaks don't fit side by side."""
    memory.require(instances * len(peaks), instances * sum(peaks), memory.available())


def _prove(
    workers: CellWorkers, possible: Sequence[PlannedCell], cores: list[int], progress: Progress
) -> tuple[dict[PlannedCell, ProofRun], dict[PlannedCell, int]]:
    """Return each cell's proof run, and its peak memory in bytes."""
    found: dict[PlannedCell, ProofRun] = {}
    peaks: dict[PlannedCell, int] = {}
    together = min(len(cores), MAX_LOADING)
    for first in range(0, len(possible), together):
        group = possible[first : first + together]
        traces: dict[PlannedCell, Traced] = {}
        with workers.logged(group, cores) as running:
            for cell, worker in zip(group, running, strict=True):
                progress.step(_proof_step(cell))
                traces[cell], peaks[cell] = workers.trace(worker)
        for cell, traced in traces.items():
            found[cell] = judge(cell, workers.log_of(cell), traced, found)
    return found, peaks
