"""What was made beside the pipeline: by peers, by a rehearsal, and by a sweep."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from stages.artifacts import Artifacts, read_record, require_current
from stages.evidence.checked import checked, labels_of, sources
from stages.evidence.rejection import following
from stages.evidence.requirements import require_text
from stages.peers import rederive as peers
from stages.peers.table import render as render_peers
from stages.records.peers import PeersRecord
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import REHEARSED, RehearsalRecord
from stages.records.sweep import SweepRecord
from stages.rehearse import rederive as rehearse
from stages.rehearse.layers import operations_per_image
from stages.rehearse.table import render as render_rehearsal
from stages.runtimes import RUNTIME_NAMES
from stages.stage_folders import PeersFolder, RehearseFolder, SweepFolder
from stages.sweep import rederive as sweep
from stages.sweep.picture import draw
from stages.sweep.table import render as render_sweep

BesideT = TypeVar("BesideT", PeersRecord, RehearsalRecord, SweepRecord)


def check_peers(artifacts: Artifacts) -> str:
    """Check peers.json and peers.log."""
    folder = artifacts.peers
    record = checked(
        folder.record,
        PeersRecord,
        peers.rederived,
        partial(_require_current, artifacts, folder),
        labels=labels_of(artifacts, "test"),
        **sources(artifacts),
    )
    note = _check_log(folder, record, "peers", render_peers)
    return f"peers: each ratio ({len(record.ratios)}) follows from the batches of both{note}"


def check_rehearsal(artifacts: Artifacts) -> str:
    """Check rehearsal.json and rehearsal.log."""
    folder = artifacts.rehearse
    test = labels_of(artifacts, "test")
    given = read_record(folder.record, RehearsalRecord)
    require_inputs = partial(_require_current, artifacts, folder)
    require_inputs(given)  # whose work is reckoned by another record
    taken = len(given.labels)
    record = checked(
        folder.record,
        RehearsalRecord,
        partial(rehearse.rederived, folder=folder, operations=_operations(artifacts, given)),
        require_inputs,
        labels=test[:taken],
        test_images=len(test),
        **sources(artifacts),
    )
    note = _check_log(folder, record, "rehearse", render_rehearsal)
    layers = sum(len(cell.layers) for cell in record.cells)
    peers_too = f" and peers ({len(record.peers)})" if record.peers else ""
    return (
        f"rehearsal, {REHEARSED}: cells ({len(record.cells)}){peers_too} follow from their "
        f"answers, layers ({layers}) from oneDNN's logs{note}"
    )


def check_sweep(artifacts: Artifacts, runtime: str) -> str:
    """Check the sweep.json of a runtime, and the table and the picture beside it."""
    folder = artifacts.sweep(runtime)
    record = checked(
        folder.record,
        SweepRecord,
        partial(sweep.rederived, folder=folder),
        partial(_require_sweep_current, artifacts, runtime),
        runtime=runtime,
        labels=labels_of(artifacts, "test"),
        **sources(artifacts),
    )
    note = _check_log(folder, record, "sweep", render_sweep)
    with following(folder.record):
        drawing = draw(record)
    require_text(folder.picture, drawing, "sweep", record)
    proofs = sum(len(cell.proofs) for cell in record.cells)
    return (
        f"sweep by {runtime}: each point ({len(record.points)}) follows from "
        f"{sweep.count_runs(record)} runs and LoadGen's logs, {proofs} proofs from oneDNN's{note}"
    )


def _operations(artifacts: Artifacts, record: RehearsalRecord) -> int:
    """Return the work of the network for an image, by the record that a rehearsal took it from."""
    runtime = next(name for name in RUNTIME_NAMES if name in record.quantize_sha256)
    made = read_record(artifacts.quantize(runtime).record, QuantizeRecord)
    return operations_per_image(made)


def _require_current(
    artifacts: Artifacts,
    folder: PeersFolder | RehearseFolder,
    record: PeersRecord | RehearsalRecord,
) -> None:
    """Raise InputStaleError if a record was made from other artifacts than those beside it."""
    require_current(folder.path, record.train_sha256, artifacts.train.path)
    for runtime, digest in record.quantize_sha256.items():
        require_current(folder.path, digest, artifacts.quantize(runtime).path)
    if isinstance(record, RehearsalRecord) and record.peers_sha256:
        require_current(folder.path, record.peers_sha256, artifacts.peers.path)


def _require_sweep_current(artifacts: Artifacts, runtime: str, record: SweepRecord) -> None:
    """Raise InputStaleError if a runtime's sweep was made from other artifacts than its own."""
    folder = artifacts.sweep(runtime).path
    require_current(folder, record.train_sha256, artifacts.train.path)
    require_current(folder, record.quantize_sha256, artifacts.quantize(runtime).path)


def _check_log(
    folder: PeersFolder | RehearseFolder | SweepFolder,
    record: BesideT,
    program: str,
    render_log: Callable[[BesideT], str],
) -> str:
    with following(folder.record):
        text = render_log(record)
    return require_text(folder.log, text, program, record)
