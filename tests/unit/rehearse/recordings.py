"""Workers that answer what real ones did, with and without AMX, and the rehearsal that it makes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from stages.common.entries import Entry
from stages.common.worker.protocol import ClassifyAnswer, Trace, TraceAnswer
from stages.isa import AMX
from stages.records.measure import NodeTime
from stages.records.quantize import QuantizeRecord
from stages.records.rehearse import (
    EMULATOR_VERSION,
    REHEARSED,
    Emulator,
    LeftOut,
    RehearsalRecord,
    RehearsedCell,
)
from stages.rehearse.run import rehearse
from stages.rehearse.workers import Conditions
from tests.unit.records import HOST, NOT_COUNTED, SHA256, SOURCE, quantize
from tests.unit.workers import FakeWorker

LOGS = Path(__file__).parents[2] / "data" / "onednn"
# By precision, with AMX and without.
RECORDINGS = {
    "int8": ("emulated_itex2150_int8_AMX", "traced_itex2150_int8_VNNI"),
    "bf16": ("emulated_itex2150_bf16_AMX", "traced_itex2150_bf16_BF16"),
}
LABELS = [0, 1]
ROWS = [[0.75, 0.25], [0.125, 0.875]]
# A step of BF16 at 0.75 is 2**-8.
OTHER_ROWS = [[0.75 + 2**-8, 0.25 - 2**-8], [0.125, 0.875]]
BATCH = 8


def nodes_of(recording: str) -> list[NodeTime]:
    """Return when each node of a recording's traced inference ran."""
    return [NodeTime(*node) for node in json.loads((LOGS / f"{recording}.json").read_text())]


class RecordedWorker(FakeWorker):
    """A worker that leaves the log, and the counts, of a real one."""

    def __init__(self, entry: Entry, isa: str, conditions: Conditions) -> None:
        self._emulated = isa == AMX
        self._entry, self._scratch = entry, conditions.scratch
        self._recording = RECORDINGS[entry.precision][0 if self._emulated else 1]
        self._log = conditions.scratch / f"{entry.name}_{isa}.log"

    def __enter__(self) -> Any:
        said = "amxemu: 1.0.0: process 7 traps 1\n" if self._emulated else ""
        self._log.write_text((LOGS / f"{self._recording}.txt").read_text() + said)
        if self._emulated:
            counts = (LOGS / f"{self._recording}.counts").read_bytes()
            (self._scratch / f"{self._entry.name}.counts.1").write_bytes(counts)
        return self

    def send(self, request: Any) -> None:
        self._request = request

    def receive(self, answer: Any, lasting_s: float = 0.0) -> Any:
        if isinstance(self._request, Trace):
            return TraceAnswer(nodes=nodes_of(self._recording), amx_busy=NOT_COUNTED)
        apart = self._emulated and self._entry.precision == "bf16"
        return ClassifyAnswer(probabilities=OTHER_ROWS if apart else ROWS)


def conditions(folder: Path) -> Conditions:
    """Return the conditions of a rehearsal that keeps its logs in a folder."""
    for name in ("proof", "scratch"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return Conditions(
        emulator=Path("/lib.so"),
        cores=[0],
        images=folder / "test.npz",
        labels=LABELS,
        batch_size=BATCH,
        timeout_s=1.0,
        proof=folder / "proof",
        scratch=folder / "scratch",
    )


def rehearsed(
    folder: Path, precision: str = "int8", record: QuantizeRecord | None = None
) -> RehearsedCell:
    """Return the rehearsal of a precision, whose logs are then in the folder `proof`."""
    entry = Entry("itex", precision, Path("/model"))
    return rehearse(entry, record or quantize(), conditions(folder), RecordedWorker)


def rehearsal(
    folder: Path, train_sha256: str = SHA256, quantize_sha256: str = SHA256, **changes: Any
) -> RehearsalRecord:
    """Return the record of both precisions; their logs are then beside it in the folder."""
    record = RehearsalRecord(
        kind=REHEARSED,
        emulator=Emulator(version=EMULATOR_VERSION, sha256=SHA256),
        host=HOST,
        train_sha256=train_sha256,
        quantize_sha256={"itex": quantize_sha256},
        data=SOURCE,
        backbone=SOURCE,
        batch_size=BATCH,
        test_images=12,
        labels=LABELS,
        cells=[rehearsed(folder, precision) for precision in RECORDINGS],
        left_out=[LeftOut(runtime="itex", precision="int8_bf16", reason="no op is left for BF16")],
    )
    return replace(record, **changes)
