"""What was made beside the pipeline: by peers, and by a rehearsal."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from stages.artifacts import (
    Artifacts,
    PeersFolder,
    RehearseFolder,
    read_record,
    require_current,
)
from stages.evidence.checked import checked, sources
from stages.evidence.rejection import following
from stages.evidence.requirements import require_text
from stages.peers import rederive as peers
from stages.peers.table import render as render_peers
from stages.records.peers import PeersRecord
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import REHEARSED, RehearsalRecord
from stages.records.train import TrainRecord
from stages.rehearse import rederive as rehearse
from stages.rehearse.layers import operations_per_image
from stages.rehearse.table import render as render_rehearsal
from stages.runtimes import RUNTIME_NAMES

BesideT = TypeVar("BesideT", PeersRecord, RehearsalRecord)


def check_peers(artifacts: Artifacts) -> str:
    """Check peers.json and peers.log."""
    folder = artifacts.peers
    record = checked(folder.record, PeersRecord, peers.rederived, **sources(artifacts))
    _check_beside(artifacts, folder, record, render_peers)
    return f"peers: each ratio ({len(record.ratios)}) follows from the batches of both"


def check_rehearsal(artifacts: Artifacts) -> str:
    """Check rehearsal.json and rehearsal.log."""
    folder = artifacts.rehearse
    test = read_record(artifacts.train.record, TrainRecord).labels.get("test", [])
    given = read_record(folder.record, RehearsalRecord)
    taken = len(given.labels)
    record = checked(
        folder.record,
        RehearsalRecord,
        partial(rehearse.rederived, folder=folder, operations=_operations(artifacts, given)),
        labels=test[:taken],
        test_images=len(test),
        **sources(artifacts),
    )
    _check_beside(artifacts, folder, record, render_rehearsal)
    if record.peers_sha256:
        require_current(folder.path, record.peers_sha256, artifacts.peers.path)
    layers = sum(len(cell.layers) for cell in record.cells)
    return (
        f"rehearsal, {REHEARSED}: cells ({len(record.cells)}) and peers ({len(record.peers)}) "
        f"follow from their answers, layers ({layers}) from oneDNN's logs"
    )


def _operations(artifacts: Artifacts, record: RehearsalRecord) -> int:
    """Return the work of the network for an image, by the record that a rehearsal took it from."""
    runtime = next(name for name in RUNTIME_NAMES if name in record.quantize_sha256)
    made = read_record(artifacts.quantize(runtime).record, QuantizeRecord)
    return operations_per_image(made)


def _check_beside(
    artifacts: Artifacts,
    folder: PeersFolder | RehearseFolder,
    record: BesideT,
    render_log: Callable[[BesideT], str],
) -> None:
    """Check what the record and log of a program beside the pipeline were made from."""
    require_current(folder.path, record.train_sha256, artifacts.train.path)
    for runtime, digest in record.quantize_sha256.items():
        require_current(folder.path, digest, artifacts.quantize(runtime).path)
    with following(folder.record):
        text = render_log(record)
    require_text(folder.log, text)
