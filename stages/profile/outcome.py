"""From what was proven and what the workers answered to the cells and the repeat of the record."""

from collections.abc import Mapping, Sequence

from stages.isa import ISA_NAMES
from stages.measure.intervals import speedup
from stages.profile.figures import measurement
from stages.profile.plan import PlannedCell
from stages.profile.proven import Proven
from stages.profile.roofline import roofline
from stages.profile.rounds import SCENARIOS, Taken
from stages.profile.sameness import same_as
from stages.profile.validity import judge_repeat
from stages.records.profile import Cell, Measurement, Repeat, Roofline


def cells(
    planned: Sequence[PlannedCell],
    proven: Mapping[PlannedCell, Proven],
    taken: Mapping[PlannedCell, Taken],
    batch_size: int,
    labels: Sequence[int],
) -> list[Cell]:
    """Return all that were planned, each with what came of it; `labels` are the test split's."""
    same, fp32 = same_as(proven), _highest_fp32(taken)
    figures = {cell: measurement(each, batch_size, labels, fp32) for cell, each in taken.items()}
    return [
        Cell(
            precision=cell.precision,
            requested_isa=cell.isa,
            impossible=cell.impossible,
            same_as=same.get(cell) if cell not in figures else None,
            measurement=figures.get(cell),
            proof=proven[cell].proof if cell in proven else None,
            roofline=_roofline(figures.get(cell), proven.get(cell)),
        )
        for cell in planned
    ]


def repeat(
    cell: PlannedCell, once: Taken, again: Taken, batch_size: int, labels: Sequence[int]
) -> Repeat:
    """Return what the second time of a cell gave, beside the first."""
    offline, stream = (speedup(again.runs[each], once.runs[each]) for each in SCENARIOS)
    same = again.predictions == once.predictions
    reasons = judge_repeat(offline, stream, len(once.runs["offline"]), same_classes=same)
    return Repeat(
        precision=cell.precision,
        isa=cell.isa,
        offline_ratio=offline,
        single_stream_ratio=stream,
        trusted=not reasons,
        reasons=reasons,
        measurement=measurement(again, batch_size, labels, once),
    )


def _highest_fp32(taken: Mapping[PlannedCell, Taken]) -> Taken | None:
    found = [cell for cell in taken if cell.precision == "fp32"]
    return taken[max(found, key=lambda cell: ISA_NAMES.index(cell.isa))] if found else None


def _roofline(figures: Measurement | None, proven: Proven | None) -> Roofline | None:
    if not figures or not proven:
        return None
    offline = figures.offline
    throughput = offline.throughput_images_per_s.estimate
    return roofline(proven.primitives, proven.traced_ms, offline.batch_size, throughput)
