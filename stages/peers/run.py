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

    Raises WorkerError, PinningError or ModelError if one of them fails.
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
    measured: list[Contender] = []
    with ExitStack() as running:
        workers: list[Worker] = []
        for entry in runnable(entries):
            progress.step(_top1_step(entry))
            workers.append(running.enter_context(start(entry)))
            measured.append(_scored(entry, workers[-1], conditions))
        for size in conditions.batch_sizes:
            progress.step(_rounds_step(conditions, size))
            turn = Turn(size, conditions.round_duration_s)
            seconds = take_turns(workers, turn, conditions.rounds, progress.update)
            for contender, own in zip(measured, seconds, strict=True):
                contender.figures.append(figures_of(size, own))
    return _in_order(entries, measured)


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


def _in_order(entries: Sequence[Entry], measured: Sequence[Contender]) -> list[Contender]:
    """Return a contender for each entry: the next that was measured, or one that is missing."""
    remaining = iter(measured)
    return [_missing(entry) if entry.missing else next(remaining) for entry in entries]


def _missing(entry: Entry) -> Contender:
    return Contender(backend=entry.backend, precision=entry.precision, missing=entry.missing)


def _job(entry: Entry, conditions: Conditions) -> Job:
    return Job(
        name=entry.name,
        backend=entry.module,
        model=str(entry.model),
        precision=entry.precision,
        images=str(conditions.images),
        cores=conditions.cores,
    )
