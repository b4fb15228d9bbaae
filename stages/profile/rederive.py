"""Every figure of a profile once more, from its raw samples and the logs beside it."""

from dataclasses import replace

from stages.artifacts import ProfileFolder
from stages.common.host.interference import Interference
from stages.common.worker.loadgen import (
    ANSWERS,
    DETAIL,
    rate_of,
    read_answers,
    read_detail,
    reasons_of,
)
from stages.profile import results
from stages.profile.layout_search import fastest, trial_of
from stages.profile.plan import PlannedCell
from stages.profile.proof import ProofRun, Traced, judge
from stages.profile.rounds import CellSamples
from stages.profile.run_record import LoadGenResult, run_record
from stages.profile.server_scenario import server_of
from stages.records.measure import Run
from stages.records.profile import Cell, Layout, LayoutTrial, Measurement, ProfileRecord, Server


def rederived(record: ProfileRecord, folder: ProfileFolder) -> ProfileRecord:
    """Return the record as its samples, and the logs in `folder`, give it.

    What no sample tells stays as it is: which cells were planned, how long a worker took to load,
    the host, and what else happened on it meanwhile.
    """
    measured = {_planned(each): each.measurement for each in record.cells if each.measurement}
    samples = {cell: _samples(each, folder) for cell, each in measured.items()}
    repeat = record.repeat
    twice, size = PlannedCell(repeat.precision, repeat.isa, None), _batch_size(record)
    again = _samples(repeat.measurement, folder)
    tried = [_trial(each, folder, size) for each in record.tried]
    return replace(
        record,
        layout=fastest(tried) if tried else _layout(record.layout, again.runs["offline"]),
        tried=tried,
        cells=results.cells(
            [_planned(each) for each in record.cells],
            _proofs(record, folder),
            samples,
            size,
            record.labels,
        ),
        repeat=results.repeat(twice, samples[twice], again, size, record.labels),
    )


def _batch_size(record: ProfileRecord) -> int:
    return record.repeat.measurement.offline.batch_size


def _planned(cell: Cell) -> PlannedCell:
    return PlannedCell(cell.precision, cell.requested_isa, cell.impossible)


def _proofs(record: ProfileRecord, folder: ProfileFolder) -> dict[PlannedCell, ProofRun]:
    found: dict[PlannedCell, ProofRun] = {}
    for cell in record.cells:
        if cell.proof:
            traced = Traced(cell.proof.traced, cell.proof.amx_busy)
            log, planned = folder.proof / cell.proof.log, _planned(cell)
            found[planned] = judge(planned, log, traced, found)
    return found


def _samples(measured: Measurement, folder: ProfileFolder) -> CellSamples:
    """Return what the workers answered, with LoadGen's part of it from LoadGen's logs."""
    size, accuracy = measured.offline.batch_size, measured.accuracy
    return CellSamples(
        name="",
        predictions=read_answers(folder.loadgen / accuracy.log / ANSWERS),
        accuracy_log=accuracy.log,
        images_per_s=0.0,
        load_seconds=measured.load_seconds,
        server=_server(measured.server, folder),
        runs={
            "offline": _runs("offline", measured.offline.runs, size, folder),
            "single_stream": _runs("single_stream", measured.single_stream.runs, 1, folder),
        },
    )


def _runs(scenario: str, recorded: list[Run], batch_size: int, folder: ProfileFolder) -> list[Run]:
    return [
        _run(scenario, number, run, batch_size, folder)
        for number, run in enumerate(recorded, start=1)
    ]


def _run(scenario: str, number: int, run: Run, batch_size: int, folder: ProfileFolder) -> Run:
    details = [read_detail(folder.loadgen / batches.log / DETAIL) for batches in run.instances]
    answers = [LoadGenResult(reasons_of(detail), rate_of(scenario, detail)) for detail in details]
    disturbance = Interference(run.steal, run.throttle_events, run.clock_step_s)
    return run_record(number, run.instances, answers, disturbance, batch_size)


def _server(server: Server | None, folder: ProfileFolder) -> Server | None:
    if server is None:
        return None
    return server_of(
        {each.log: read_detail(folder.loadgen / each.log / DETAIL) for each in server.tests}
    )


def _trial(tried: LayoutTrial, folder: ProfileFolder, batch_size: int) -> LayoutTrial:
    runs = _runs("offline", tried.runs, batch_size, folder)
    return trial_of(_layout(tried.layout, runs), runs)


def _layout(recorded: Layout, runs: list[Run]) -> Layout:
    return replace(recorded, num_instances=len(runs[0].instances))
