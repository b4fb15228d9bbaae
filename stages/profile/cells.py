"""Measures each cell twice: under oneDNN's log for its proof, and without it for its figures."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.artifacts import Artifacts
from stages.measure.launch import Worker
from stages.measure.protocol import Job, Latency, OfflineAnswer, Throughput, Turn, TurnAnswer
from stages.profile.plan import PlannedCell
from stages.profile.proof import prove
from stages.progress import Progress
from stages.records.profile import Cell, Measurement, Proof, SingleStream
from stages.runtime import accuracy_top1
from stages.samples import load_samples
from stages.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all cells are measured with; `proofs` is the folder for oneDNN's logs."""

    settings: Settings
    artifacts: Artifacts
    cores: list[int]
    proofs: Path

    def measure(self, cell: PlannedCell, before: Sequence[Cell]) -> Cell:
        """Measure a cell that this host can run; `before` are those measured so far."""
        lower = [each.proof for each in before if each.precision == cell.precision and each.proof]
        return Cell(
            precision=cell.precision,
            requested_isa=cell.isa,
            proof=self._proof(cell, lower),
            measurement=self._measurement(cell),
        )

    def job(self, cell: PlannedCell) -> Job:
        """Return what a worker must hold to run `cell`."""
        # BF16 is the same model: the runtime converts it when it is loaded.
        int8 = cell.precision.startswith("int8")
        runtime, train = self.settings.runtime, self.artifacts.train
        return Job(
            name=cell.name,
            backend=runtime,
            model=str(self.artifacts.quantize(runtime).model if int8 else train.model),
            precision=cell.precision,
            images=str(train.test),
            cores=self.cores,
        )

    def _proof(self, cell: PlannedCell, lower: list[Proof]) -> Proof:
        log, timeout_s = self.proofs / f"{cell.name}.log", self.settings.worker_timeout_s
        with Worker(self.job(cell), log, timeout_s, isa=cell.isa, verbose=True) as worker:
            worker.ask(Turn(self.settings.batch_size, 0.0), TurnAnswer)
        return prove(cell, log.read_text(errors="replace").splitlines(), log.name, lower)

    def _measurement(self, cell: PlannedCell) -> Measurement:
        asked, images = self.settings, load_samples(self.artifacts.train.test)
        with tempfile.TemporaryDirectory(prefix="profile-") as scratch:
            log = Path(scratch, "worker.log")
            with Worker(self.job(cell), log, asked.worker_timeout_s, isa=cell.isa) as worker:
                counted = worker.ask(
                    Throughput(asked.batch_size, asked.min_duration_s), OfflineAnswer
                )
                stream = worker.ask(Latency(asked.min_duration_s, asked.min_queries), SingleStream)
        return Measurement(
            offline=counted.offline,
            single_stream=stream,
            accuracy_top1=accuracy_top1(counted.predictions, images),
            predictions=counted.predictions,
            load_seconds=worker.ready.load_seconds,
        )


def measure_cells(bench: Bench, planned: Sequence[PlannedCell]) -> list[Cell]:
    """Measure each possible cell in the order planned; the others keep their reason."""
    cells: list[Cell] = []
    possible = sum(cell.impossible is None for cell in planned)
    with Progress("profile", possible, alike=True) as progress:
        for cell in planned:
            if cell.impossible is None:
                progress.step(f"{cell.precision} capped at {cell.isa}")
                cells.append(bench.measure(cell, cells))
            else:
                cells.append(_left_out(cell))
    return cells


def _left_out(cell: PlannedCell) -> Cell:
    return Cell(precision=cell.precision, requested_isa=cell.isa, impossible=cell.impossible)
