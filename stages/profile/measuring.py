"""All cells from the plan to their figures: proofs first, then the turns, then the verdicts."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from stages.isa import ISA_NAMES
from stages.measure.intervals import ratio
from stages.profile.cells import Bench, Proven
from stages.profile.figures import measurement
from stages.profile.plan import PlannedCell, repeated
from stages.profile.roofline import roofline
from stages.profile.rounds import SCENARIOS, Taken, take
from stages.profile.validity import judge_repeat
from stages.progress import Progress
from stages.records.profile import Cell, Measurement, Repeat
from stages.samples import Samples, load_samples


def measure(bench: Bench, planned: Sequence[PlannedCell]) -> tuple[list[Cell], Repeat]:
    """Prove and measure each possible cell; the others keep their reason.

    Also returns one of them measured a second time. Raises ProofError where a cell did not run
    what its name says, WorkerError where a worker fails.
    """
    possible = [cell for cell in planned if cell.impossible is None]
    test = load_samples(bench.artifacts.train.test)
    steps = 2 * len(possible) + 1 + len(SCENARIOS)
    with Progress("profile", steps) as show, tempfile.TemporaryDirectory() as scratch:
        proven = _proven(bench, possible, show)
        twice = repeated(possible)
        *taken, again = take(bench, [*possible, twice], Path(scratch), show)
    by_cell = dict(zip(possible, taken, strict=True))
    fp32 = _highest_fp32(by_cell)
    figures = {
        cell: measurement(each, bench.settings.batch_size, test, fp32)
        for cell, each in by_cell.items()
    }
    cells = [
        _measured(bench, cell, figures[cell], proven[cell]) if cell in figures else _left_out(cell)
        for cell in planned
    ]
    return cells, _repeat(bench, twice, by_cell[twice], again, test)


def _proven(
    bench: Bench, possible: Sequence[PlannedCell], show: Progress
) -> dict[PlannedCell, Proven]:
    found: dict[PlannedCell, Proven] = {}
    for cell in possible:
        show.step(f"proof of {cell.precision} capped at {cell.isa}")
        lower = [each.proof for other, each in found.items() if other.precision == cell.precision]
        found[cell] = bench.prove(cell, lower)
    return found


def _highest_fp32(taken: Mapping[PlannedCell, Taken]) -> Taken | None:
    cells = [cell for cell in taken if cell.precision == "fp32"]
    return taken[max(cells, key=lambda cell: ISA_NAMES.index(cell.isa))] if cells else None


def _measured(bench: Bench, cell: PlannedCell, figures: Measurement, proven: Proven) -> Cell:
    throughput = figures.offline.throughput_images_per_s.estimate
    return Cell(
        precision=cell.precision,
        requested_isa=cell.isa,
        measurement=figures,
        proof=proven.proof,
        roofline=roofline(
            proven.primitives, proven.traced_ms, bench.settings.batch_size, throughput
        ),
    )


def _left_out(cell: PlannedCell) -> Cell:
    return Cell(precision=cell.precision, requested_isa=cell.isa, impossible=cell.impossible)


def _repeat(bench: Bench, cell: PlannedCell, once: Taken, again: Taken, test: Samples) -> Repeat:
    offline, single_stream = (
        ratio(
            [run.rate_per_s for run in again.runs[scenario]],
            [run.rate_per_s for run in once.runs[scenario]],
        )
        for scenario in SCENARIOS
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
        measurement=measurement(again, bench.settings.batch_size, test, once),
    )
