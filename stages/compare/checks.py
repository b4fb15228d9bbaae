"""What shows whether figures can be relied on: a cell against itself, INT8 that saturates."""

from collections.abc import Sequence

from stages.common.chance import chance_of
from stages.common.summaries import measurements
from stages.isa import rank
from stages.precisions import FP32, INT8, get_precision
from stages.records.accuracy import Chance
from stages.records.compare import Repeated, Saturation
from stages.records.disturbed import DisturbedTurns
from stages.records.measure import Disturbance, counting
from stages.records.profile import ProfileRecord


def repeat_verdict(record: ProfileRecord) -> Repeated:
    """Return what a profile's Repeat shows: its ratios and verdict, without its measurement."""
    repeat = record.repeat
    return Repeated(
        runtime=record.runtime,
        precision=repeat.precision,
        isa=repeat.isa,
        offline_ratio=repeat.offline_ratio,
        single_stream_ratio=repeat.single_stream_ratio,
        trusted=repeat.trusted,
        reasons=repeat.reasons,
    )


def disturbed_turns(record: ProfileRecord) -> list[DisturbedTurns]:
    """Return what disturbed a profile's turns, as the one entry of a list; empty if nothing did."""
    measured = [cell.measurement for cell in record.cells if cell.measurement]
    runs = [
        run
        for figures in (*measured, record.repeat.measurement)
        for run in (*figures.offline.runs, *figures.single_stream.runs)
    ]
    disturbed = [run for run in runs if run.disturbed_by]
    most: dict[Disturbance, float] = {}
    for run in disturbed:
        for kind in run.disturbed_by:
            most[kind] = max(run.interference.amounts[kind], most.get(kind, 0.0), key=abs)
    found = DisturbedTurns(
        runtime=record.runtime,
        turns=len(runs),
        disturbed=len(disturbed),
        most=most,
        in_figures=len(counting(disturbed)),
    )
    return [found] if disturbed else []


def saturations(record: ProfileRecord) -> list[Saturation]:
    """Return how the answers of INT8 below VNNI, where sums saturate, differ from those with VNNI.

    Empty if INT8 was not measured with VNNI.
    """
    # A cell that is the same as another has no measurement, and no answers of its own.
    answers = {
        cell.requested_isa: cell.measurement.accuracy.predictions
        for cell in record.cells
        if cell.precision == INT8 and cell.measurement
    }
    exact = [isa for isa in answers if rank(isa) >= rank(get_precision(INT8).lowest_exact_isa)]
    return [
        Saturation(
            runtime=record.runtime,
            isa=isa,
            reference_isa=exact[0],
            differing=_count_differing(classes, answers[exact[0]]),
            images=len(classes),
        )
        for isa, classes in answers.items()
        if exact and isa not in exact
    ]


def _count_differing(classes: Sequence[int], others: Sequence[int]) -> int:
    return sum(one != other for one, other in zip(classes, others, strict=True))


def is_in_groups(record: ProfileRecord) -> bool:
    """Return whether the figures of some cells are of other rounds than those of others."""
    measured = [cell.measurement for cell in record.cells if cell.measurement]
    return len({tuple(run.round for run in counting(it.offline.runs)) for it in measured}) > 1


def fp32_chance(record: ProfileRecord) -> Chance | None:
    """Return how FP32 at its highest cap compares with the largest class; None without FP32."""
    cells = measurements(record)
    isas = [isa for precision, isa in cells if precision == FP32]
    if not isas:
        return None
    return chance_of(cells[FP32, max(isas, key=rank)].accuracy.predictions, record.labels)
