"""What the workers of the cells are given, and each cell's proof from a run under oneDNN's log."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.artifacts import Artifacts
from stages.measure.launch import Worker
from stages.measure.onednn_log import parse_log
from stages.measure.protocol import Job, Trace, TraceAnswer
from stages.profile.instances import Split
from stages.profile.plan import PlannedCell
from stages.profile.proof import prove
from stages.profile.roofline import duration_ms, primitives_of
from stages.profile.team import Team
from stages.records.profile import Primitive, Proof
from stages.settings import Settings


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

    def prove(self, cell: PlannedCell, cores: list[int], lower: Sequence[Proof]) -> Proven:
        """Run `cell` under oneDNN's log, and judge it; `lower` are its precision's so far.

        Raises ProofError where it did not run what its name says.
        """
        path = self.proofs / f"{cell.name}.log"
        with self._worker(cell, cores, path, verbose=True) as worker:
            nodes = worker.ask(Trace(self.settings.batch_size), TraceAnswer).nodes
            peak_bytes = worker.peak_bytes()
        log = parse_log(path.read_text(errors="replace").splitlines())
        return Proven(
            proof=prove(cell, log, path.name, list(lower)),
            primitives=primitives_of(log.executions, nodes),
            traced_ms=duration_ms(nodes),
            peak_bytes=peak_bytes,
        )

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
