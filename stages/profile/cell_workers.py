"""The worker processes of each cell: those that are timed, and one under oneDNN's log."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stages.artifacts import Artifacts
from stages.common.host.interference import Snapshot, take_snapshot
from stages.common.host.memory import Footprint
from stages.common.onednn.traced import span_of
from stages.common.provenance import now
from stages.common.worker.client import WorkerProcess
from stages.common.worker.protocol import Job, Trace, TraceAnswer, Worker
from stages.precisions import INT8, get_precision
from stages.profile.counting import disturbances
from stages.profile.instance_group import InstanceGroup
from stages.profile.layouts import Placement
from stages.profile.plan import PlannedCell
from stages.profile.proof import TraceResult
from stages.runtimes import get_runtime
from stages.settings import Settings
from stages.stage_folders import ProfileFolder, SweepFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class CellWorkers:
    """The source of all workers of cells.

    The folder `onednn_logs` is for the logs of proofs, `loadgen_logs` for those of LoadGen.
    """

    settings: Settings
    artifacts: Artifacts
    onednn_logs: Path
    loadgen_logs: Path

    def job(self, cell: PlannedCell, cores: list[int]) -> Job:
        """Return the job of a worker that runs `cell` on `cores`."""
        quantized = get_precision(cell.precision).model == INT8
        runtime, train = self.settings.runtime, self.artifacts.train
        return Job(
            name=cell.name,
            backend=get_runtime(runtime).backend,
            model=str(self.artifacts.quantize(runtime).model if quantized else train.model),
            precision=cell.precision,
            images=str(train.test),
            cores=cores,
        )

    def group(
        self, cell: PlannedCell, name: str, placement: Placement, scratch: Path, *, waiting: bool
    ) -> InstanceGroup:
        """Return the instances of `cell`, which start when the group is entered.

        `name` is that of their folder of LoadGen's logs; what they print goes to `scratch`. If
        they are `waiting`, each loads when the one before it has.
        """
        workers = [
            self._worker(cell, cores, scratch / f"{name}-{number}.log", waiting=waiting)
            for number, cores in enumerate(placement)
        ]
        return InstanceGroup(name, workers, self.loadgen_logs)

    @contextmanager
    def logged(self, cells: Sequence[PlannedCell], cores: list[int]) -> Iterator[list[Worker]]:
        """Run a worker under oneDNN's log for each of `cells`; all load at the same time."""
        with ExitStack() as running:
            workers = [
                running.enter_context(self._worker(cell, cores, self.log_of(cell), verbose=True))
                for cell in cells
            ]
            for worker in workers:
                worker.wait()
            yield [*workers]

    def trace(self, worker: Worker, batch_size: int) -> tuple[TraceResult, Footprint]:
        """Let a worker trace one batch; also return how much memory it takes."""
        before = _snapshot(worker)
        answer = worker.ask(Trace(batch_size), TraceAnswer)
        disturbed = bool(disturbances(before.until(_snapshot(worker))))
        trace = TraceResult(span_of(answer.nodes), answer.amx_busy, made=now(), disturbed=disturbed)
        return trace, worker.footprint()

    def log_of(self, cell: PlannedCell) -> Path:
        """Return the path of oneDNN's log of `cell`."""
        return self.onednn_logs / f"{cell.name}.log"

    def _worker(
        self,
        cell: PlannedCell,
        cores: list[int],
        log: Path,
        *,
        verbose: bool = False,
        waiting: bool = False,
    ) -> WorkerProcess:
        return WorkerProcess(
            self.job(cell, cores),
            log,
            self.settings.worker_timeout_s,
            isa=cell.isa,
            verbose=verbose,
            waiting=waiting,
        )


def workers_into(
    out: ProfileFolder | SweepFolder, settings: Settings, artifacts: Artifacts
) -> CellWorkers:
    """Return the source of workers whose logs go to a stage's folder, which has none yet."""
    out.proof.mkdir()
    return CellWorkers(
        settings=settings,
        artifacts=artifacts,
        onednn_logs=out.proof,
        loadgen_logs=out.loadgen,
    )


def _snapshot(worker: Worker) -> Snapshot:
    return take_snapshot(worker.ready.cores, [worker.process])
