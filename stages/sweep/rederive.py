"""Every figure of a sweep once more, from its raw samples and the logs beside it."""

from collections.abc import Iterator
from dataclasses import replace

from stages.files.member import member
from stages.profile.counting import marked
from stages.profile.plan import PlannedCell
from stages.profile.proof import TraceResult, read_log
from stages.profile.rederive import layout_with, require_own_logs, runs_of
from stages.records.measure import Run
from stages.records.proof import Proof
from stages.records.sweep import Point, PointName, SweepRecord, SweptCell
from stages.stage_folders import SweepFolder
from stages.sweep.proving import proofs_of
from stages.sweep.results import OFFLINE, findings_of, point_of


def rederived(record: SweepRecord, folder: SweepFolder) -> SweepRecord:
    """Return the record that its samples, and the logs in `folder`, give.

    What follows from no sample stays as it is: which cells were planned, what was left out, the
    bounds, the host, and what else happened on it meanwhile. Raises ProofError if a log does not
    prove its cell, and what a missing or damaged file raises.
    """
    require_own_logs(_logs(record), "sweep")
    runs = [
        runs_of(OFFLINE, point.runs, point.name.batch_size, folder.loadgen)
        for point in record.points
    ]
    points = [
        point_of(_name(point, own), own)
        for point, own in zip(record.points, marked(runs), strict=True)
    ]
    findings = findings_of(points, sorted({bound.bound_ms for bound in record.bounds}))
    return replace(
        record,
        cells=[_cell(cell, folder) for cell in record.cells],
        points=points,
        knees=findings.knees,
        best=findings.best,
        bounds=findings.bounds,
    )


def count_runs(record: SweepRecord) -> int:
    """Return how many turns the figures of the points follow from."""
    return sum(len(point.runs) for point in record.points)


def _logs(record: SweepRecord) -> Iterator[str]:
    """Yield the path in the sweep's folder of each log that a record names."""
    for point in record.points:
        yield from (f"loadgen/{batches.log}" for run in point.runs for batches in run.instances)
    yield from (f"proof/{cell.proofs[0].proof.log}" for cell in record.cells if cell.proofs)


def _name(point: Point, runs: list[Run]) -> PointName:
    return replace(point.name, layout=layout_with(point.name.layout, runs))


def _cell(cell: SweptCell, folder: SweepFolder) -> SweptCell:
    if not cell.proofs:
        return cell
    name = cell.proofs[0].proof.log
    traces = {it.batch_size: _trace(it.proof) for it in cell.proofs}
    planned = PlannedCell(cell.precision, cell.isa, None)
    return replace(
        cell, proofs=proofs_of(planned, read_log(member(folder.proof, name)), name, traces)
    )


def _trace(proof: Proof) -> TraceResult:
    return TraceResult(proof.traced, proof.amx_busy, proof.also_traced, proof.made)
