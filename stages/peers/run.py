"""The measurement: all workers alive at the same time, each asked in turn."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.common.progress import Progress
from stages.common.stats import accuracy_top1
from stages.common.worker.client import WorkerProcess
from stages.common.worker.interleave import take_turns
from stages.common.worker.protocol import Classify, ClassifyAnswer, Job, Turn, Worker
from stages.peers.contenders import Entry, able
from stages.peers.ratios import figures
from stages.records.peers import Contender
from stages.runtimes import RUNTIMES

# What runs the models of our own runtimes; a peer is a backend itself.
BACKENDS = {runtime.name: runtime.backend for runtime in RUNTIMES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is the same for all: the cores, the split, the batch sizes, the rounds."""

    cores: list[int]
    images: Path
    labels: list[int]
    batch_sizes: Sequence[int]
    rounds: int
    round_duration_s: float
    timeout_s: float


def contest(entries: Sequence[Entry], terms: Terms, show: Progress) -> list[Contender]:
    """Measure the entries that can run, and return all, in their order.

    Raises WorkerError, PinningError or ModelError where one of them fails.
    """
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:

        def start(entry: Entry) -> AbstractContextManager[Worker]:
            log = Path(scratch, f"{entry.name}.log")
            return WorkerProcess(_job(entry, terms), log, terms.timeout_s, python=entry.python)

        return hold(entries, terms, show, start)


def hold(
    entries: Sequence[Entry],
    terms: Terms,
    show: Progress,
    start: Callable[[Entry], AbstractContextManager[Worker]],
) -> list[Contender]:
    """Do what `contest` does, with workers that `start` gives."""
    with ExitStack() as running:
        found: list[Contender] = []
        workers: list[Worker] = []
        for entry in able(entries):
            show.step(_top1_step(entry))
            workers.append(running.enter_context(start(entry)))
            found.append(_scored(entry, workers[-1], terms))
        for size in terms.batch_sizes:
            show.step(_rounds_step(terms, size))
            turn = Turn(size, terms.round_duration_s)
            seconds = take_turns(workers, turn, terms.rounds, show.update)
            for contender, own in zip(found, seconds, strict=True):
                contender.figures.append(figures(size, own))
    left = iter(found)
    return [_missing(entry) if entry.missing else next(left) for entry in entries]


def steps(entries: Sequence[Entry], terms: Terms) -> list[str]:
    """Return the steps of progress that `contest` makes."""
    sizes = [_rounds_step(terms, size) for size in terms.batch_sizes]
    return [*map(_top1_step, able(entries)), *sizes]


def _top1_step(entry: Entry) -> str:
    return f"top-1 of {entry.backend} {entry.precision}"


def _rounds_step(terms: Terms, batch_size: int) -> str:
    return f"{terms.rounds} rounds at batch size {batch_size}"


def _scored(entry: Entry, worker: Worker, terms: Terms) -> Contender:
    answer = worker.ask(Classify(min(terms.batch_sizes)), ClassifyAnswer)
    predictions = np.argmax(answer.probabilities, axis=1).tolist()
    return Contender(
        backend=entry.backend,
        precision=entry.precision,
        versions=worker.ready.versions,
        accuracy_top1=accuracy_top1(predictions, terms.labels),
        predictions=predictions,
    )


def _missing(entry: Entry) -> Contender:
    return Contender(backend=entry.backend, precision=entry.precision, missing=entry.missing)


def _job(entry: Entry, terms: Terms) -> Job:
    return Job(
        name=entry.name,
        backend=BACKENDS.get(entry.backend, entry.backend),
        model=str(entry.model),
        precision=entry.precision,
        images=str(terms.images),
        cores=terms.cores,
    )
