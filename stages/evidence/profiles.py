"""Every figure of a profile once more, from its raw samples and the logs beside it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from stages.artifacts import ProfileFolder
from stages.isa import ISA_NAMES
from stages.measure.counters import AmxBusy
from stages.measure.intervals import speedup
from stages.measure.loadgen import DETAIL, rate_of, read_detail, reasons_of
from stages.measure.onednn_log import parse_log
from stages.profile.figures import measurement
from stages.profile.plan import PlannedCell
from stages.profile.proof import prove
from stages.profile.roofline import roofline
from stages.profile.rounds import SCENARIOS, Taken
from stages.profile.validity import judge_repeat
from stages.records.profile import Cell, Measurement, ProfileRecord, Proof, Repeat, Roofline, Run


def rederived(record: ProfileRecord, folder: ProfileFolder) -> ProfileRecord:
    """Return the record as its samples, and the logs in `folder`, give it.

    What no log tells stays as it is: which cells there are, how a worker loaded, the host.
    """
    taken = {_key(cell): _taken(cell.measurement, folder) for cell in record.cells if _own(cell)}
    proofs = _proofs(record, folder)
    cells = [_cell(cell, record.labels, taken, proofs) for cell in record.cells]
    return replace(record, cells=cells, repeat=_repeat(record, taken, folder))


Key = tuple[str, str]


def _key(cell: Cell) -> Key:
    return cell.precision, cell.requested_isa


def _own(cell: Cell) -> bool:
    return cell.measurement is not None


def _taken(measured: Measurement | None, folder: ProfileFolder) -> Taken:
    """Return what the workers answered, with LoadGen's part of it from LoadGen's logs."""
    if measured is None:
        raise AssertionError("only cells that were measured have samples")
    runs = {"offline": measured.offline.runs, "single_stream": measured.single_stream.runs}
    return Taken(
        name="",
        predictions=measured.accuracy.predictions,
        accuracy_log=measured.accuracy.log,
        images_per_s=0.0,
        load_seconds=measured.load_seconds,
        server=measured.server,
        runs={
            name: [_run(name, run, folder.loadgen) for run in each] for name, each in runs.items()
        },
    )


def _run(scenario: str, run: Run, loads: Path) -> Run:
    details = [read_detail(loads / log / DETAIL) for log in run.logs]
    reasons = sorted({reason for each in details for reason in reasons_of(each)})
    # Of several instances it is what they did while all ran, which no log tells.
    rate = rate_of(scenario, details[0]) if len(details) == 1 else run.rate_per_s
    return replace(run, valid=not reasons, reasons=reasons, rate_per_s=rate)


def _proofs(record: ProfileRecord, folder: ProfileFolder) -> dict[Key, Proof]:
    found: dict[Key, Proof] = {}
    for cell in record.cells:
        if cell.proof is None:
            continue
        log = parse_log((folder.proof / cell.proof.log).read_text(errors="replace").splitlines())
        lower = [each for (precision, _), each in found.items() if precision == cell.precision]
        busy = AmxBusy(cell.proof.amx_busy_share, cell.proof.amx_busy_missing)
        planned = PlannedCell(cell.precision, cell.requested_isa, None)
        found[_key(cell)] = prove(planned, log, cell.proof.log, lower, busy)
    return found


def _cell(
    cell: Cell, labels: list[int], taken: Mapping[Key, Taken], proofs: Mapping[Key, Proof]
) -> Cell:
    if cell.measurement is None:
        return replace(cell, proof=proofs.get(_key(cell)))
    size = cell.measurement.offline.batch_size
    figures = measurement(taken[_key(cell)], size, labels, _highest_fp32(taken))
    throughput = figures.offline.throughput_images_per_s.estimate
    return replace(
        cell,
        measurement=figures,
        proof=proofs.get(_key(cell)),
        roofline=_roofline(cell.roofline, size, throughput),
    )


def _highest_fp32(taken: Mapping[Key, Taken]) -> Taken | None:
    isas = [isa for precision, isa in taken if precision == "fp32"]
    return taken["fp32", max(isas, key=ISA_NAMES.index)] if isas else None


def _roofline(recorded: Roofline | None, size: int, throughput: float) -> Roofline | None:
    if recorded is None:
        return None
    return roofline(recorded.primitives, recorded.traced_ms, size, throughput)


def _repeat(record: ProfileRecord, taken: Mapping[Key, Taken], folder: ProfileFolder) -> Repeat:
    repeat = record.repeat
    once, again = taken[repeat.precision, repeat.isa], _taken(repeat.measurement, folder)
    offline, stream = (speedup(again.runs[each], once.runs[each]) for each in SCENARIOS)
    same = again.predictions == once.predictions
    reasons = judge_repeat(offline, stream, len(once.runs["offline"]), same_classes=same)
    size = repeat.measurement.offline.batch_size
    return replace(
        repeat,
        offline_ratio=offline,
        single_stream_ratio=stream,
        trusted=not reasons,
        reasons=reasons,
        measurement=measurement(again, size, record.labels, once),
    )
