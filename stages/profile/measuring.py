"""All cells from the plan to their figures: proofs first, then the turns, then the verdicts."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.measure import memory
from stages.profile import outcome
from stages.profile.cells import Bench
from stages.profile.instances import Split, layout_of
from stages.profile.plan import PlannedCell, repeated
from stages.profile.proof import Traced
from stages.profile.proven import Proven, judge
from stages.profile.rounds import steps_of_rounds, take
from stages.profile.sameness import same_as
from stages.profile.trial import best, steps_of
from stages.progress import Progress
from stages.records.profile import Cell, Layout, Repeat, Tried
from stages.samples import load_samples

# Loading keeps one core busy; more at a time would take memory that is not asked for here.
MOST_LOADING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All cells in the order planned, one of them again, and the layout they were measured in.

    `labels` are those of the test split.
    """

    labels: list[int]
    cells: list[Cell]
    repeat: Repeat
    layout: Layout
    tried: list[Tried]


def measure(bench: Bench, planned: Sequence[PlannedCell], candidates: Sequence[Split]) -> Measured:
    """Prove and measure each possible cell; the others keep their reason.

    Of several `candidates` the best is found first. Raises ProofError where a cell did not run
    what its name says, HostError where all don't fit into memory, WorkerError where one fails.
    """
    possible = [cell for cell in planned if cell.impossible is None]
    most = steps_of_rounds(bench.settings, len(possible) + 1)
    steps = steps_of(candidates) + len(possible) + most
    with Progress("profile", steps) as show, tempfile.TemporaryDirectory() as scratch:
        split, tried = best(bench, repeated(possible), candidates, Path(scratch), show)
        proven, peaks = _proven(bench, possible, split[0], show)
        same = {} if bench.settings.all_cells else same_as(proven)
        timed = [cell for cell in possible if cell not in same]
        show.expect(steps_of_rounds(bench.settings, len(timed) + 1) - most)
        twice = repeated(timed)
        _require_memory([peaks[cell] for cell in (*timed, twice)], len(split))
        *taken, again = take(bench, [*timed, twice], split, Path(scratch), show)
    by_cell = dict(zip(timed, taken, strict=True))
    labels = load_samples(bench.artifacts.train.test).labels.tolist()
    size = bench.settings.batch_size
    return Measured(
        labels=labels,
        cells=outcome.cells(planned, proven, by_cell, size, labels),
        repeat=outcome.repeat(twice, by_cell[twice], again, size, labels),
        layout=layout_of(split),
        tried=tried,
    )


def _require_memory(peaks: Sequence[int], instances: int) -> None:
    """Raise HostError where all instances of cells of such `peaks` don't fit side by side."""
    memory.require(instances * len(peaks), instances * sum(peaks), memory.available())


def _proven(
    bench: Bench, possible: Sequence[PlannedCell], cores: list[int], show: Progress
) -> tuple[dict[PlannedCell, Proven], dict[PlannedCell, int]]:
    """Return what is proven of each cell, and the most memory that it took, in bytes."""
    found: dict[PlannedCell, Proven] = {}
    peaks: dict[PlannedCell, int] = {}
    together = min(len(cores), MOST_LOADING)
    for first in range(0, len(possible), together):
        group = possible[first : first + together]
        traces: dict[PlannedCell, Traced] = {}
        with bench.logged(group, cores) as workers:
            for cell, worker in zip(group, workers, strict=True):
                show.step(f"proof of {cell.precision} capped at {cell.isa}")
                traces[cell], peaks[cell] = bench.trace(worker)
        for cell, traced in traces.items():
            found[cell] = judge(cell, bench.log_of(cell), traced, found)
    return found, peaks
