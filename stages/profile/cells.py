"""What the workers of the cells are given, and each cell's proof from a run under oneDNN's log."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stages.artifacts import Artifacts
from stages.measure.counters import AmxBusy
from stages.measure.launch import Worker
from stages.measure.onednn_log import parse_log
from stages.measure.protocol import Job, Trace, TraceAnswer
from stages.profile.instances import Split
from stages.profile.plan import PlannedCell
from stages.profile.proof import prove
from stages.profile.roofline import duration_ms, primitives_of
from stages.profile.team import Team
from stages.records.profile import Primitive, Proof
from stages.runtime import NodeTime
from stages.settings import Settings


@dataclass(frozen=True, slots=True)
class Traced:
    """When each node of one inference over a batch ran, how busy it kept AMX's tile unit, and the
    most memory that it took.
    """

    nodes: list[NodeTime]
    amx_busy: AmxBusy
    peak_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A cell's proof, and the primitives of one inference over a batch, of `traced_ms`.

    `peak_bytes` is the most memory that it took.
    """

    proof: Proof
    primitives: list[Primitive]
    traced_ms: float
    peak_bytes: int


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
                    self._worker(cell, cores, self._log(cell), verbose=True, waiting=False)
                )
                for cell in cells
            ]
            for worker in workers:
                worker.wait()
            yield workers

    def trace(self, worker: Worker) -> Traced:
        """Let a worker run a batch."""
        answer = worker.ask(Trace(self.settings.batch_size), TraceAnswer)
        return Traced(answer.nodes, answer.amx_busy, worker.peak_bytes())

    def judge(self, cell: PlannedCell, traced: Traced, lower: Sequence[Proof]) -> Proven:
        """Judge `cell` by its log, once its worker has ended; `lower` are its precision's so far.

        Raises ProofError where it did not run what its name says.
        """
        path = self._log(cell)
        log = parse_log(path.read_text(errors="replace").splitlines())
        return Proven(
            proof=prove(cell, log, path.name, list(lower), traced.amx_busy),
            primitives=primitives_of(log.executions, traced.nodes),
            traced_ms=duration_ms(traced.nodes),
            peak_bytes=traced.peak_bytes,
        )

    def _log(self, cell: PlannedCell) -> Path:
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
