"""The measurement: all workers alive at the same time, each asked in turn."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from stages.measure.launch import Worker
from stages.measure.protocol import Classify, ClassifyAnswer, Job, Ready, Turn
from stages.measure.turns import Asked, take_turns
from stages.peers.contenders import Entry, able
from stages.peers.ratios import figures
from stages.progress import Progress
from stages.records.peers import Contender
from stages.runtime import accuracy_top1


class Contestant(Asked, Protocol):
    """A worker that holds its model; `ready` was its first answer."""

    @property
    def ready(self) -> Ready:
        """What it said when it was ready."""
        ...


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

        def start(entry: Entry) -> AbstractContextManager[Contestant]:
            log = Path(scratch, f"{entry.name}.log")
            return Worker(_job(entry, terms), log, terms.timeout_s, python=entry.python)

        return hold(entries, terms, show, start)


def hold(
    entries: Sequence[Entry],
    terms: Terms,
    show: Progress,
    start: Callable[[Entry], AbstractContextManager[Contestant]],
) -> list[Contender]:
    """Do what `contest` does, with workers that `start` gives."""
    with ExitStack() as running:
        found: list[Contender] = []
        workers: list[Contestant] = []
        for entry in able(entries):
            show.step(f"top-1 of {entry.backend} {entry.precision}")
            workers.append(running.enter_context(start(entry)))
            found.append(_scored(entry, workers[-1], terms))
        for size in terms.batch_sizes:
            show.step(f"{terms.rounds} rounds at batch size {size}")
            turn = Turn(size, terms.round_duration_s)
            seconds = take_turns(workers, turn, terms.rounds, show.update)
            for contender, own in zip(found, seconds, strict=True):
                contender.figures.append(figures(size, own))
    left = iter(found)
    return [_missing(entry) if entry.missing else next(left) for entry in entries]


def steps_of(entries: Sequence[Entry], terms: Terms) -> int:
    """Return how many steps of progress `contest` takes."""
    return len(able(entries)) + len(terms.batch_sizes)


def _scored(entry: Entry, worker: Contestant, terms: Terms) -> Contender:
    answer: ClassifyAnswer = worker.ask(Classify(min(terms.batch_sizes)), ClassifyAnswer)
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
        backend=entry.backend,
        model=str(entry.model),
        precision=entry.precision,
        images=str(terms.images),
        cores=terms.cores,
    )
