"""Records, and what else is JSON of ours: one seed of each kind, with all its fields."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from docker.share.bundle import MANIFEST, _read_manifest
from stages.artifacts import Artifacts, read_record
from stages.records.compare import CompareRecord
from stages.records.peers import PeersRecord
from stages.records.profile import ModelSummary, ProfileRecord
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import RehearsalRecord
from stages.records.sweep import SweepRecord
from stages.records.train import TrainRecord
from tests.fuzz.of_files import of_file
from tests.fuzz.parsers import Parser
from tests.unit.evidence.parts import pipeline

COMMIT, SUM = b"a" * 40, b"0" * 64
WHOLE = (
    b'{"version": "0.1.0", "commit": "%s", "inputs": {"base": "%s"}, "images": {"a": "sha256:1"}}'
)


def parsers() -> Iterator[Parser]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _of_records(pipeline(Path(folder)))
    yield of_file(f"a bundle's {MANIFEST}", _read_manifest, WHOLE % (COMMIT, SUM))


def _of_records(artifacts: Artifacts) -> Iterator[Parser]:
    quantize, profile = artifacts.quantize("itex"), artifacts.profile("itex")
    for path, kind in (
        (artifacts.train.record, TrainRecord),
        (quantize.record, QuantizeRecord),
        (profile.record, ProfileRecord),
        (profile.summary_int8, ModelSummary),
        (artifacts.compare.record, CompareRecord),
        (artifacts.peers.record, PeersRecord),
        (artifacts.rehearse.record, RehearsalRecord),
        (artifacts.sweep("itex").record, SweepRecord),
    ):
        yield of_file(path.name, partial(read_record, kind=kind), path.read_bytes())
