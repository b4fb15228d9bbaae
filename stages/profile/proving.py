"""The proof runs of all cells: those that are known already, and the others in groups."""

from collections.abc import Mapping, Sequence

from stages.common.host import memory
from stages.common.host.memory import Footprint
from stages.common.progress import Progress
from stages.common.text import when
from stages.common.worker.protocol import Worker
from stages.folder.full_disk import require_room
from stages.profile.cell_workers import CellWorkers
from stages.profile.known import KnownCells
from stages.profile.layouts import Placement
from stages.profile.memory_plan import loading_at_once
from stages.profile.plan import PlannedCell
from stages.profile.proof import ProofRun, TraceResult, fastest_of, prove

# How often each cell's inference is traced; of each kernel the fastest counts.
TRACES = 3
Traced = tuple[TraceResult, Footprint]


class Proving:
    """The proofs of cells, in their order, and how much memory each of these takes."""

    def __init__(
        self, workers: CellWorkers, possible: Sequence[PlannedCell], known: KnownCells
    ) -> None:
        self.proofs: dict[PlannedCell, ProofRun] = {}
        self._workers, self._possible, self._known = workers, possible, known
        self._traced: dict[PlannedCell, Traced] = {}
        self._taken: frozenset[PlannedCell] = frozenset()

    @property
    def sizes(self) -> Mapping[PlannedCell, Footprint]:
        """How much memory each cell takes."""
        return {cell: size for cell, (_, size) in self._traced.items()}

    def prove_all(self, placement: Placement, progress: Progress) -> None:
        """Prove what every cell runs, on the cores of the first instance of a layout.

        Raises ProofError if one did not run what its name says, WorkerError if a worker fails,
        DiskFullError if logs may be cut off.
        """
        self._take_known(progress)
        self._prove_traced()
        unknown = [cell for cell in self._possible if cell not in self._traced]
        cores = placement[0]
        size = loading_at_once(self._workers.settings, len(cores), memory.available())
        for start in range(0, len(unknown), size):
            group = unknown[start : start + size]
            with self._workers.logged(group, cores) as running:
                self._traced |= _trace_all(self._workers, group, running, progress)
            require_room(self._workers.onednn_logs)  # what is missing in a log would be no proof
            self._prove_traced()

    def _take_known(self, progress: Progress) -> None:
        for cell in self._possible:
            if traced := self._known.trace(cell, self._workers.log_of(cell)):
                self._traced[cell] = traced
        self._taken = frozenset(self._traced)
        progress.drop(map(proof_step, self._taken))
        if self._taken:
            made = min(trace.made for trace, _ in self._traced.values())
            progress.note(
                f"what {len(self._taken)} of {len(self._possible)} cells run is known from "
                f"{when(made)} (--force profile asks again)"
            )

    def _prove_traced(self) -> None:
        """Prove what is traced, but no cell before one that comes first."""
        for cell in self._possible:
            if cell not in self._traced:
                return
            if cell not in self.proofs:
                trace, size = self._traced[cell]
                log = self._workers.log_of(cell)
                self.proofs[cell] = prove(cell, log, trace, self.proofs)
                if cell not in self._taken:
                    self._known.keep_trace(cell, trace, size, log)


def proof_step(cell: PlannedCell) -> str:
    """Return the name of the step of progress that is a cell's proof run."""
    return f"proof of {cell.precision} capped at {cell.isa}"


def _trace_all(
    workers: CellWorkers,
    group: Sequence[PlannedCell],
    running: Sequence[Worker],
    progress: Progress,
) -> dict[PlannedCell, Traced]:
    """Return the fastest trace of each cell of a group, and how much memory it takes.

    They take turns, so that what disturbs the machine for a while is not in all traces of one.
    """
    traces: dict[PlannedCell, list[TraceResult]] = {cell: [] for cell in group}
    sizes: dict[PlannedCell, Footprint] = {}
    for turn in range(TRACES):
        for cell, worker in zip(group, running, strict=True):
            if not turn:
                progress.step(proof_step(cell))
            trace, sizes[cell] = workers.trace(worker, workers.settings.batch_size)
            traces[cell].append(trace)
    return {cell: (fastest_of(traces[cell]), sizes[cell]) for cell in group}
