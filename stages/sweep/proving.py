"""The proofs of a cell at all batch sizes: one process under oneDNN's log traces a batch of each.

A log has all sizes after one another; what counts for each is what ran while its batches did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from stages.common.host.memory import Footprint
from stages.common.onednn.log import OnednnLog
from stages.common.onednn.traced import within
from stages.errors import ProofError
from stages.folder.full_disk import require_room
from stages.profile.cell_workers import CellWorkers
from stages.profile.plan import PlannedCell
from stages.profile.proof import ProofRun, TraceResult, fastest_of, prove_by, read_log
from stages.profile.proving import TRACES
from stages.records.sweep import SizeProof


def prove_sizes(
    workers: CellWorkers, cell: PlannedCell, cores: list[int], sizes: Sequence[int]
) -> tuple[list[SizeProof], Footprint]:
    """Return the proofs of a cell at all sizes, and how much memory its process then takes.

    Raises ProofError if it did not run at each what its name says, WorkerError if the worker fails,
    DiskFullError if logs may be cut off.
    """
    with workers.logged([cell], cores) as (worker,):
        traces: dict[int, TraceResult] = {}
        for size in sizes:
            own = [workers.trace(worker, size) for _ in range(TRACES)]
            traces[size], footprint = fastest_of([trace for trace, _ in own]), own[-1][1]
    require_room(workers.onednn_logs)  # what is missing in a log would be no proof
    log = workers.log_of(cell)
    return proofs_of(cell, read_log(log), log.name, traces), footprint


def proofs_of(
    cell: PlannedCell, log: OnednnLog, name: str, traces: Mapping[int, TraceResult]
) -> list[SizeProof]:
    """Return the proof for each batch size, by what the log of this name says of its traces."""
    return [
        SizeProof(batch_size=size, proof=_proof(cell, log, name, size, trace).proof)
        for size, trace in traces.items()
    ]


def _proof(cell: PlannedCell, log: OnednnLog, name: str, size: int, trace: TraceResult) -> ProofRun:
    spans = [trace.span, *trace.again]
    ran = chain.from_iterable(within(log.executions, span) for span in spans)
    try:
        return prove_by(cell, replace(log, executions=[*ran]), name, trace, {})
    except ProofError as error:
        raise ProofError(f"at batch size {size}, {error}") from None
