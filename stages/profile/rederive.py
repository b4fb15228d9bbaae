"""Every figure of a profile once more, from its raw samples and the logs beside it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stages.common.worker.loadgen import (
    ANSWERS,
    DETAIL,
    rate_of,
    read_answers,
    read_detail,
    reasons_of,
)
from stages.errors import InputCorruptError
from stages.files.member import member
from stages.profile import results
from stages.profile.counting import marked
from stages.profile.layout_search import fastest, trial_of
from stages.profile.plan import PlannedCell
from stages.profile.proof import ProofRun, TraceResult, prove
from stages.profile.run_record import LoadGenResult, run_record
from stages.profile.server_scenario import server_of
from stages.profile.turns import CellSamples, mark_turns
from stages.program.printable import printable
from stages.records.cell import Cell, Measurement, Server
from stages.records.measure import Run
from stages.records.profile import Layout, LayoutTrial, ProfileRecord
from stages.stage_folders import ProfileFolder

# What LoadGen's log says of a test that asks for every image's class.
ACCURACY_MODE = "AccuracyOnly"


def rederived(record: ProfileRecord, folder: ProfileFolder) -> ProfileRecord:
    """Return the record that its samples, and the logs in `folder`, give.

    What follows from no sample stays as it is: which cells were planned, how long a worker took to
    load, the host, and what else happened on it meanwhile. Raises ProofError if a log does not
    prove its cell, and what a missing or damaged file raises.
    """
    require_own_logs(_logs(record), "profile")
    repeat, planned = record.repeat, [_planned(cell) for cell in record.cells]
    repeated = PlannedCell(repeat.precision, repeat.isa, None)
    batch_size = repeat.measurement.offline.batch_size
    samples = {
        _planned(cell): _samples(cell.measurement, folder)
        for cell in record.cells
        if cell.measurement
    }
    second = _samples(repeat.measurement, folder)
    mark_turns([*samples.values(), second])
    trials = _trials(record.tried, folder, batch_size)
    proofs = _proofs(record, folder)
    return replace(
        record,
        layout=fastest(trials) if trials else layout_with(record.layout, second.runs["offline"]),
        tried=trials,
        cells=results.build_cells(planned, proofs, samples, batch_size, record.labels),
        repeat=results.build_repeat(repeated, samples, second, batch_size, record.labels),
    )


def require_own_logs(logs: Iterable[str], program: str) -> None:
    """Raise InputCorruptError if a log is named twice: each is of one run, and is read once."""
    for name, count in Counter(logs).items():
        if count > 1:
            raise InputCorruptError(
                f"the record names the log {printable(name, 100)} twice; run {program} again"
            )


def _logs(record: ProfileRecord) -> Iterator[str]:
    """Yield the path in the profile's folder of each log that a record names."""
    measured = [cell.measurement for cell in record.cells if cell.measurement]
    for measurement in (*measured, record.repeat.measurement):
        runs = [*measurement.offline.runs, *measurement.single_stream.runs]
        yield from (f"loadgen/{batches.log}" for run in runs for batches in run.instances)
        yield f"loadgen/{measurement.accuracy.log}"
        if measurement.server:
            yield from (f"loadgen/{test.log}" for test in measurement.server.tests)
    for trial in record.tried:
        yield from (f"loadgen/{batches.log}" for run in trial.runs for batches in run.instances)
    yield from (f"proof/{cell.proof.log}" for cell in record.cells if cell.proof)


def count_runs(record: ProfileRecord) -> int:
    """Return how many runs the figures of the cells, and of the repeated one, follow from."""
    measurements = [cell.measurement for cell in record.cells if cell.measurement]
    return sum(
        len(measurement.offline.runs) + len(measurement.single_stream.runs)
        for measurement in (*measurements, record.repeat.measurement)
    )


def _planned(cell: Cell) -> PlannedCell:
    return PlannedCell(cell.precision, cell.requested_isa, cell.impossible)


def _proofs(record: ProfileRecord, folder: ProfileFolder) -> dict[PlannedCell, ProofRun]:
    proofs: dict[PlannedCell, ProofRun] = {}
    for cell in record.cells:
        if cell.proof:
            recorded = cell.proof
            again, made = recorded.also_traced, recorded.made
            trace = TraceResult(recorded.traced, recorded.amx_busy, again, made)
            log, planned = member(folder.proof, recorded.log), _planned(cell)
            proofs[planned] = prove(planned, log, trace, proofs)
    return proofs


def _samples(recorded: Measurement, folder: ProfileFolder) -> CellSamples:
    """Return what the workers answered: what LoadGen says from its logs, the rest as recorded."""
    batch_size, accuracy = recorded.offline.batch_size, recorded.accuracy
    stream = recorded.single_stream.runs
    _require_accuracy_test(accuracy.log, folder)
    return CellSamples(
        name="",
        predictions=read_answers(member(folder.loadgen, f"{accuracy.log}/{ANSWERS}")),
        accuracy_log=accuracy.log,
        accuracy_made=accuracy.made,
        images_per_s=0.0,
        load_seconds=recorded.load_seconds,
        server=_server(recorded.server, folder),
        runs={
            "offline": runs_of("offline", recorded.offline.runs, batch_size, folder.loadgen),
            "single_stream": runs_of("single_stream", stream, 1, folder.loadgen),
        },
    )


def _require_accuracy_test(log: str, folder: ProfileFolder) -> None:
    """Raise InputCorruptError if the log beside the answers is not that of a test for them."""
    mode = _detail(log, folder.loadgen).get("effective_test_mode")
    if mode != ACCURACY_MODE:
        raise InputCorruptError(
            f"{folder.loadgen / log / DETAIL} is of no accuracy test; run profile again"
        )


def runs_of(scenario: str, recorded: Sequence[Run], batch_size: int, loadgen: Path) -> list[Run]:
    """Return turns as their samples, and LoadGen's logs in the folder `loadgen`, give them.

    None of them counts yet. Raises InputCorruptError if a log is missing or can't be read.
    """
    return [_run(scenario, run, batch_size, loadgen) for run in recorded]


def _run(scenario: str, run: Run, batch_size: int, loadgen: Path) -> Run:
    details = [_detail(batches.log, loadgen) for batches in run.instances]
    answers = [LoadGenResult(reasons_of(detail), rate_of(scenario, detail)) for detail in details]
    return run_record(run.round, run.instances, answers, run.interference, batch_size)


def _server(recorded: Server | None, folder: ProfileFolder) -> Server | None:
    if recorded is None:
        return None
    return server_of({test.log: _detail(test.log, folder.loadgen) for test in recorded.tests})


def _detail(log: str, loadgen: Path) -> dict[str, Any]:
    """Return the last value of each key in the LoadGen log in a folder of `loadgen`."""
    return read_detail(member(loadgen, f"{log}/{DETAIL}"))


def _trials(
    recorded: Sequence[LayoutTrial], folder: ProfileFolder, batch_size: int
) -> list[LayoutTrial]:
    runs = marked(
        [runs_of("offline", trial.runs, batch_size, folder.loadgen) for trial in recorded]
    )
    return [
        trial_of(layout_with(trial.layout, own), own)
        for trial, own in zip(recorded, runs, strict=True)
    ]


def layout_with(recorded: Layout, runs: Sequence[Run]) -> Layout:
    """Return the layout with as many instances as ran; the cores of each stay as recorded."""
    return replace(recorded, num_instances=len(runs[0].instances))
