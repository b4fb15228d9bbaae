"""What the workers of the cells are given, and what a run under oneDNN's log tells of each."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stages.artifacts import Artifacts
from stages.measure.launch import Worker
from stages.measure.protocol import Job, Trace, TraceAnswer
from stages.profile.instances import Split
from stages.profile.plan import PlannedCell
from stages.profile.proof import Traced
from stages.profile.roofline import span_of
from stages.profile.team import Team
from stages.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all cells are measured with; logs of oneDNN go to `proofs`, LoadGen's to `loads`."""

    settings: Settings
    artifacts: Artifacts
    proofs: Path
    loads: Path

    def job(self, cell: PlannedCell, cores: list[int]) -> Job:
        """Return what a worker must hold to run `cell` on `cores`."""
        # BF16 is the same model: the runtime converts it when it is loaded.
        int8 = cell.precision.startswith("int8")
        runtime, train = self.settings.runtime, self.artifacts.train
        return Job(
            name=cell.name,
            backend=runtime,
            model=str(self.artifacts.quantize(runtime).model if int8 else train.model),
            precision=cell.precision,
            images=str(train.test),
            cores=cores,
        )

    def team(self, cell: PlannedCell, name: str, split: Split, scratch: Path) -> Team:
        """Return the instances of `cell`, which start when it is entered."""
        workers = [
            self._worker(cell, cores, scratch / f"{name}-{at}.log", waiting=False)
            for at, cores in enumerate(split)
        ]
        return Team(name, workers, [core for cores in split for core in cores], self.loads)

    @contextmanager
    def logged(self, cells: Sequence[PlannedCell], cores: list[int]) -> Iterator[list[Worker]]:
        """Hold a worker under oneDNN's log for each of `cells`; all load at the same time."""
        with ExitStack() as running:
            workers = [
                running.enter_context(
                    self._worker(cell, cores, self.log_of(cell), verbose=True, waiting=False)
                )
                for cell in cells
            ]
            for worker in workers:
                worker.wait()
            yield workers

    def trace(self, worker: Worker) -> tuple[Traced, int]:
        """Let a worker run a batch; also return the most memory that it took, in bytes."""
        answer = worker.ask(Trace(self.settings.batch_size), TraceAnswer)
        return Traced(span_of(answer.nodes), answer.amx_busy), worker.peak_bytes()

    def log_of(self, cell: PlannedCell) -> Path:
        """Return oneDNN's log of `cell`."""
        return self.proofs / f"{cell.name}.log"

    def _worker(
        self,
        cell: PlannedCell,
        cores: list[int],
        log: Path,
        *,
        verbose: bool = False,
        waiting: bool = True,
    ) -> Worker:
        return Worker(
            self.job(cell, cores),
            log,
            self.settings.worker_timeout_s,
            isa=cell.isa,
            verbose=verbose,
            waiting=waiting,
        )
