"""Precision effect and ISA effect, never mixed.

A precision effect compares precisions at the same isa, an ISA effect isas at the same precision;
both stay within a runtime. Each is how many times as fast the changed cell is, paired by round.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

from stages.common.pairs import isa_reference
from stages.common.stats import right_answers, speedup
from stages.compare.accuracy import difference, top1_interval
from stages.compare.bound import bounds_of, loss_interval
from stages.compare.checks import (
    disturbed_turns,
    fp32_chance,
    is_in_groups,
    repeat_verdict,
    saturations,
)
from stages.compare.goal import goal_of
from stages.compare.inputs import RuntimeProfile
from stages.compare.limits import limit_rows
from stages.compare.recall import recalls_of
from stages.errors import InputCorruptError
from stages.isa import rank
from stages.records.accuracy import AccuracyDifference
from stages.records.base import Interval
from stages.records.cell import Measurement
from stages.records.compare import CompareRecord, Limit, NotRun, Row
from stages.records.measure import Run
from stages.records.profile import ProfileRecord
from stages.records.proof import Proof


class CellKey(NamedTuple):
    """What distinguishes a measured cell from all others."""

    runtime: str
    precision: str
    isa: str


class CellResult(NamedTuple):
    """A cell's figures, its proof, how the cell ran that they are of, which images it got right.

    `anchors` are the offline turns of the cell of its run that shared the rounds of all, those of
    the first time and those of the second.
    """

    measurement: Measurement
    proof: Proof
    verdict: str
    right: Sequence[bool]
    anchors: Sequence[Sequence[Run]]


CellFigures = dict[CellKey, CellResult]


def compare(
    profiles: Sequence[RuntimeProfile], rehearse_sha256: str | None = None
) -> CompareRecord:
    """Return the comparison of all cells, lowest isa first, with the reasons of the impossible.

    `rehearse_sha256` is that of the rehearsal that is shown beside them, None if none is.
    Raises InputCorruptError if no cell was measured, or one has neither a measurement with its
    proof nor a reason.
    """
    records = [profile.record for profile in profiles]
    cells = {key: result for record in records for key, result in _measured(record).items()}
    reference, order = _isa_reference(cells), _order(records)
    return CompareRecord(
        profile_sha256={profile.runtime: profile.sha256 for profile in profiles},
        rehearse_sha256=rehearse_sha256,
        measured={record.runtime: record.parts for record in records},
        versions={record.runtime: record.host.versions for record in records},
        data=records[0].data,
        backbone=records[0].backbone,
        host=records[0].host,
        isa_reference=reference,
        repeats=[repeat_verdict(record) for record in records],
        disturbed=[*chain.from_iterable(map(disturbed_turns, records))],
        saturations=[*chain.from_iterable(map(saturations, records))],
        limits=sorted(chain.from_iterable(map(limit_rows, records)), key=order),
        rows=sorted((_row(cells, key, reference) for key in cells), key=order),
        in_groups=[record.runtime for record in records if is_in_groups(record)],
        precision_goals={
            record.runtime: goal for record in records if (goal := goal_of(record)) is not None
        },
        impossible=sorted(chain.from_iterable(map(_impossible, records)), key=order),
        recalls=[*chain.from_iterable(map(recalls_of, records))],
        bounds=[*chain.from_iterable(map(bounds_of, profiles))],
        chance={record.runtime: found for record in records if (found := fp32_chance(record))},
    )


def _measured(record: ProfileRecord) -> CellFigures:
    """Return each cell's figures, its own or those of the cell that it is the same as."""
    cells: CellFigures = {}
    anchors = record.anchors("offline")
    for cell in record.cells:
        key = CellKey(record.runtime, cell.precision, cell.requested_isa)
        measurement = record.measured_cell(cell).measurement
        if measurement and cell.proof:
            right = right_answers(measurement.accuracy.predictions, record.labels)
            cells[key] = CellResult(measurement, cell.proof, cell.verdict, right, anchors)
        elif not cell.impossible:
            name = f"{cell.precision} at {cell.requested_isa}"
            raise InputCorruptError(f"{name} has no proven measurement; run profile again")
    return cells


def _impossible(record: ProfileRecord) -> list[NotRun]:
    return [
        NotRun(
            runtime=record.runtime,
            precision=cell.precision,
            isa=cell.requested_isa,
            reason=cell.impossible,
        )
        for cell in record.cells
        if cell.impossible
    ]


def _order(
    records: Sequence[ProfileRecord],
) -> Callable[[Row | NotRun | Limit], tuple[int, int]]:
    """Return the key to sort by: isa, then precision, so that runtimes stand below each other."""
    cells = [cell for record in records for cell in record.cells]
    precisions = list(dict.fromkeys(cell.precision for cell in cells))
    return lambda row: (rank(row.isa), precisions.index(row.precision))


def _isa_reference(cells: CellFigures) -> str:
    """Return the isa that ISA effects compare with."""
    reference = isa_reference({key.isa for key in cells})
    if reference is None:
        raise InputCorruptError("no cell was measured; run profile again")
    return reference


def _row(cells: CellFigures, key: CellKey, reference: str) -> Row:
    measurement, proof, verdict, right, _ = cells[key]
    fp32 = key._replace(precision="fp32")
    found = _difference(cells, key, fp32)
    return Row(
        **key._asdict(),
        verdict=verdict,
        kernel=proof.kernels[0].implementation,
        valid=measurement.validity.valid,
        reasons=measurement.validity.reasons,
        accuracy_top1=measurement.accuracy.top1,
        accuracy_loss=loss(measurement, cells[fp32].measurement) if fp32 in cells else None,
        agreement_fp32=measurement.accuracy.agreement_fp32,
        throughput_images_per_s=measurement.offline.throughput_images_per_s,
        latency_p50_ms=measurement.single_stream.latency_p50_ms,
        latency_p90_ms=measurement.single_stream.latency_p90_ms,
        server_per_s=measurement.server.rate_per_s if measurement.server else None,
        precision_speedup=_speedup(cells, key, fp32),
        isa_speedup=_speedup(cells, key, key._replace(isa=reference)),
        accuracy_interval=top1_interval(right),
        accuracy_difference=found,
        accuracy_loss_interval=loss_interval(found, sum(cells[fp32].right)) if found else None,
    )


def loss(changed: Measurement, reference: Measurement) -> float | None:
    """Return the top-1 lost relative to a reference's, None if that has none."""
    if not reference.accuracy.top1:
        return None
    return 1 - changed.accuracy.top1 / reference.accuracy.top1


def _difference(cells: CellFigures, changed: CellKey, fp32: CellKey) -> AccuracyDifference | None:
    if changed == fp32 or fp32 not in cells:
        return None
    return difference(cells[changed].right, cells[fp32].right)


def _speedup(cells: CellFigures, changed: CellKey, reference: CellKey) -> Interval | None:
    if reference not in cells:
        return None
    ours, theirs = (cells[key].measurement.offline.runs for key in (changed, reference))
    return speedup("offline", ours, theirs, cells[changed].anchors)
