"""The two workers of a cell, side by side: one has the emulator."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from stages.common.entries import Entry
from stages.common.worker.client import WorkerProcess
from stages.common.worker.protocol import (
    Classify,
    ClassifyAnswer,
    Job,
    Trace,
    TraceAnswer,
    Worker,
)
from stages.errors import WorkerError
from stages.isa import AMX
from stages.rehearse.emulator import last_words, require_loaded, variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is the same for all cells.

    `images` is the .npz file of those that are classified, `labels` their class indices; `proof`
    is the folder for logs that are kept, `scratch` that for what is not.
    """

    emulator: Path
    cores: list[int]
    images: Path
    labels: list[int]
    batch_size: int
    timeout_s: float
    proof: Path
    scratch: Path


# What a worker of a peer is called in messages, without the emulator and with it.
PEER_JOBS = ("without AMX", "under emulation")

Start = Callable[[Entry, str, Conditions], AbstractContextManager[Worker]]


def start_worker(entry: Entry, isa: str, conditions: Conditions) -> WorkerProcess:
    """Return the worker of an entry that is capped at `isa`; at AMX's, with the emulator.

    A peer knows no caps, and has no log: there, `isa` says no more than whether it is emulated.
    """
    extra = variables(conditions.emulator, counts_of(entry, conditions)) if isa == AMX else None
    return WorkerProcess(
        _job(entry, isa, conditions),
        raw_log(entry, isa, conditions),
        conditions.timeout_s,
        isa=isa if entry.is_ours else None,
        verbose=entry.is_ours,
        waiting=False,
        python=entry.python,
        extra=extra,
    )


Answer = tuple[TraceAnswer, ClassifyAnswer]


def ask_both(
    entry: Entry, isas: Sequence[str], conditions: Conditions, start: Start
) -> tuple[dict[str, str], list[Answer]]:
    """Return the versions that ran, and the answers of both workers, which load side by side."""
    try:
        with ExitStack() as running:
            workers = [running.enter_context(start(entry, isa, conditions)) for isa in isas]
            traces = [worker.ask(Trace(conditions.batch_size), TraceAnswer) for worker in workers]
            for worker in workers:
                worker.send(Classify(conditions.batch_size))
            classes = [worker.receive(ClassifyAnswer) for worker in workers]
            versions = workers[0].ready.versions
    except WorkerError as error:
        said = last_words(raw_log(entry, AMX, conditions))
        raise (_of_emulator(entry, said) if said else error) from None
    require_loaded(raw_log(entry, AMX, conditions), entry.name)
    return versions, list(zip(traces, classes, strict=True))


def _of_emulator(entry: Entry, said: str) -> WorkerError:
    return WorkerError(
        f"rehearsing {entry.name} was ended by the emulator: {said}; leave out the precision, or "
        "report that line"
    )


def _job(entry: Entry, isa: str, conditions: Conditions) -> Job:
    return Job(
        name=f"{entry.name}_{isa}" if entry.is_ours else f"{entry.name} {PEER_JOBS[isa == AMX]}",
        backend=entry.module,
        model=str(entry.model),
        precision=entry.precision,
        images=str(conditions.images),
        cores=conditions.cores,
    )


def log_name(entry: Entry, isa: str) -> str:
    """Return the name of a worker's log, as it is and as it is kept."""
    return f"{entry.name}_{isa}.log"


def raw_log(entry: Entry, isa: str, conditions: Conditions) -> Path:
    """Return the path of all that a worker prints, which is not kept."""
    return conditions.scratch / log_name(entry, isa)


def counts_of(entry: Entry, conditions: Conditions) -> Path:
    """Return what the names of the files begin with to which the emulator counts."""
    return conditions.scratch / f"{entry.name}.counts"
