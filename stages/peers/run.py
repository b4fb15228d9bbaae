"""The measurement: all workers alive at the same time, each asked in turn."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.common.entries import Entry, runnable
from stages.common.progress import Progress
from stages.common.stats import accuracy_top1
from stages.common.worker.client import WorkerProcess
from stages.common.worker.interleave import take_turns
from stages.common.worker.protocol import Classify, ClassifyAnswer, Job, Turn, Worker
from stages.errors import ModelError
from stages.folder.full_disk import scratch_folder
from stages.peers.ratios import figures_of
from stages.records.peers import Contender


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is the same for all: the cores, the test split, the batch sizes, the rounds.

    `images` is the .npz file of the split, `labels` its class indices.
    """

    cores: list[int]
    images: Path
    labels: list[int]
    batch_sizes: Sequence[int]
    rounds: int
    round_duration_s: float
    timeout_s: float


def measure(
    entries: Sequence[Entry], conditions: Conditions, progress: Progress
) -> list[Contender]:
    """Measure the entries that can run, and return all, in their order.

    A peer that refuses its model, or runs it in another precision, is missing for that reason.
    Raises WorkerError, PinningError or HostError if one of them fails, ModelError if one of ours
    does.
    """
    with scratch_folder("peers-") as scratch:

        def start(entry: Entry) -> AbstractContextManager[Worker]:
            job, log = _job(entry, conditions), scratch / f"{entry.name}.log"
            return WorkerProcess(job, log, conditions.timeout_s, python=entry.python)

        return measure_with(start, entries, conditions, progress)


def measure_with(
    start: Callable[[Entry], AbstractContextManager[Worker]],
    entries: Sequence[Entry],
    conditions: Conditions,
    progress: Progress,
) -> list[Contender]:
    """Do what `measure` does, with the workers that `start` gives."""
    contenders = {entry.name: _missing(entry, entry.missing) for entry in entries}
    workers: dict[str, Worker] = {}
    with ExitStack() as running:
        for entry in runnable(entries):
            progress.step(_top1_step(entry))
            try:
                worker, contenders[entry.name] = _begun(start, entry, conditions, running)
                workers[entry.name] = worker
            except ModelError as error:
                contenders[entry.name] = _refused(entry, error)
        for size in conditions.batch_sizes:
            progress.step(_rounds_step(conditions, size))
            turn = Turn(size, conditions.round_duration_s)
            seconds = take_turns([*workers.values()], turn, conditions.rounds, progress.update)
            for name, own in zip(workers, seconds, strict=True):
                contenders[name].figures.append(figures_of(size, own))
    return [*contenders.values()]


def _begun(
    start: Callable[[Entry], AbstractContextManager[Worker]],
    entry: Entry,
    conditions: Conditions,
    running: ExitStack,
) -> tuple[Worker, Contender]:
    """Return a worker that ends with `running`, at once if it fails, and its contender."""
    with ExitStack() as own:
        worker = own.enter_context(start(entry))
        contender = _scored(entry, worker, conditions)
        running.push(own.pop_all())
    return worker, contender


def steps(entries: Sequence[Entry], conditions: Conditions) -> list[str]:
    """Return the steps of progress that `measure` makes."""
    sizes = [_rounds_step(conditions, size) for size in conditions.batch_sizes]
    return [*map(_top1_step, runnable(entries)), *sizes]


def _top1_step(entry: Entry) -> str:
    return f"top-1 of {entry.backend} {entry.precision}"


def _rounds_step(conditions: Conditions, batch_size: int) -> str:
    return f"{conditions.rounds} rounds at batch size {batch_size}"


def _scored(entry: Entry, worker: Worker, conditions: Conditions) -> Contender:
    """Return a contender with its predictions and accuracy, and no other figures yet."""
    answer = worker.ask(Classify(min(conditions.batch_sizes)), ClassifyAnswer)
    predictions = np.argmax(answer.probabilities, axis=1).tolist()
    return Contender(
        backend=entry.backend,
        precision=entry.precision,
        versions=worker.ready.versions,
        accuracy_top1=accuracy_top1(predictions, conditions.labels),
        predictions=predictions,
    )


def _refused(entry: Entry, error: ModelError) -> Contender:
    """Return a peer that is missing as it refuses; raise for one of ours, which must run."""
    if entry.is_ours:
        raise error
    reason = " ".join(str(error).split()).replace(str(entry.model), entry.model.name)
    return _missing(entry, reason)


def _missing(entry: Entry, reason: str | None) -> Contender:
    return Contender(backend=entry.backend, precision=entry.precision, missing=reason)


def _job(entry: Entry, conditions: Conditions) -> Job:
    return Job(
        name=entry.name,
        backend=entry.module,
        model=str(entry.model),
        precision=entry.precision,
        images=str(conditions.images),
        cores=conditions.cores,
    )
