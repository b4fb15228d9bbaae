"""All cells from the plan to their figures: proofs first, then the turns, then the verdicts."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.isa import ISA_NAMES
from stages.measure import memory
from stages.measure.intervals import speedup
from stages.profile.cells import Bench, Proven
from stages.profile.figures import measurement
from stages.profile.instances import Split, layout_of
from stages.profile.plan import PlannedCell, repeated
from stages.profile.roofline import roofline
from stages.profile.rounds import SCENARIOS, Taken, steps_of_rounds, take
from stages.profile.sameness import same_as
from stages.profile.trial import best, steps_of
from stages.profile.validity import judge_repeat
from stages.progress import Progress
from stages.records.profile import (
    Cell,
    Layout,
    Measurement,
    Repeat,
    Roofline,
    Tried,
)
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
        proven = _proven(bench, possible, split[0], show)
        same = {} if bench.settings.all_cells else same_as(proven)
        timed = [cell for cell in possible if cell not in same]
        show.expect(steps_of_rounds(bench.settings, len(timed) + 1) - most)
        twice = repeated(timed)
        _require_memory([proven[cell] for cell in (*timed, twice)], len(split))
        *taken, again = take(bench, [*timed, twice], split, Path(scratch), show)
    by_cell = dict(zip(timed, taken, strict=True))
    labels = load_samples(bench.artifacts.train.test).labels.tolist()
    figures = _figures(bench, by_cell, labels)
    return Measured(
        labels=labels,
        cells=[_cell(bench, cell, figures.get(cell), proven.get(cell), same) for cell in planned],
        repeat=_repeat(bench, twice, by_cell[twice], again, labels),
        layout=layout_of(split),
        tried=tried,
    )


def _require_memory(cells: Sequence[Proven], instances: int) -> None:
    """Raise HostError where all instances of all cells don't fit side by side."""
    needed = instances * sum(each.peak_bytes for each in cells)
    memory.require(instances * len(cells), needed, memory.available())


def _proven(
    bench: Bench, possible: Sequence[PlannedCell], cores: list[int], show: Progress
) -> dict[PlannedCell, Proven]:
    found: dict[PlannedCell, Proven] = {}
    together = min(len(cores), MOST_LOADING)
    for first in range(0, len(possible), together):
        group = possible[first : first + together]
        traces = []
        with bench.logged(group, cores) as workers:
            for cell, worker in zip(group, workers, strict=True):
                show.step(f"proof of {cell.precision} capped at {cell.isa}")
                traces.append(bench.trace(worker))
        for cell, traced in zip(group, traces, strict=True):
            lower = [each.proof for it, each in found.items() if it.precision == cell.precision]
            found[cell] = bench.judge(cell, traced, lower)
    return found


def _figures(
    bench: Bench, taken: Mapping[PlannedCell, Taken], labels: list[int]
) -> dict[PlannedCell, Measurement]:
    fp32, size = _highest_fp32(taken), bench.settings.batch_size
    return {cell: measurement(each, size, labels, fp32) for cell, each in taken.items()}


def _highest_fp32(taken: Mapping[PlannedCell, Taken]) -> Taken | None:
    cells = [cell for cell in taken if cell.precision == "fp32"]
    return taken[max(cells, key=lambda cell: ISA_NAMES.index(cell.isa))] if cells else None


def _cell(
    bench: Bench,
    planned: PlannedCell,
    figures: Measurement | None,
    proven: Proven | None,
    same: Mapping[PlannedCell, str],
) -> Cell:
    return Cell(
        precision=planned.precision,
        requested_isa=planned.isa,
        impossible=planned.impossible,
        same_as=same.get(planned),
        measurement=figures,
        proof=proven.proof if proven else None,
        roofline=_roofline(bench, figures, proven) if figures and proven else None,
    )


def _roofline(bench: Bench, figures: Measurement, proven: Proven) -> Roofline:
    throughput = figures.offline.throughput_images_per_s.estimate
    return roofline(proven.primitives, proven.traced_ms, bench.settings.batch_size, throughput)


def _repeat(
    bench: Bench, cell: PlannedCell, once: Taken, again: Taken, labels: list[int]
) -> Repeat:
    offline, single_stream = (
        speedup(again.runs[scenario], once.runs[scenario]) for scenario in SCENARIOS
    )
    same = again.predictions == once.predictions
    reasons = judge_repeat(offline, single_stream, bench.settings.rounds, same_classes=same)
    return Repeat(
        precision=cell.precision,
        isa=cell.isa,
        offline_ratio=offline,
        single_stream_ratio=single_stream,
        trusted=not reasons,
        reasons=reasons,
        measurement=measurement(again, bench.settings.batch_size, labels, once),
    )
