"""Runs the stage's models in pinned workers: their kernels, their answers, their time."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from stages.artifacts import TrainFolder
from stages.measure.launch import Worker
from stages.measure.onednn_log import parse_log
from stages.measure.protocol import (
    Classify,
    ClassifyAnswer,
    Job,
    Trace,
    TraceAnswer,
    Turn,
)
from stages.measure.turns import take_turns
from stages.quantize.graph import Graph
from stages.quantize.layers import layers
from stages.records.quantize import Layer
from stages.runtime import accuracy_top1
from stages.samples import load_samples
from stages.settings import Settings

Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contender:
    """A model in a precision, by a name for messages and files."""

    name: str
    model: Path
    precision: str


@dataclass(frozen=True, slots=True)
class Score:
    """A model's probabilities on a split, [images, classes], top-1, and its throughput."""

    probabilities: Probabilities
    accuracy_top1: float
    throughput_images_per_s: float


class Bench:
    """The workers' surroundings: cores, images, logs in `folder`."""

    def __init__(
        self, settings: Settings, train: TrainFolder, cores: list[int], folder: Path
    ) -> None:
        self._settings, self._train, self._cores, self._folder = settings, train, cores, folder
        self._samples = {path: load_samples(path) for path in (train.validation, train.test)}

    def proof(self, contender: Contender, graph: Graph) -> tuple[list[Layer], list[str]]:
        """Return the layers of one inference, and the runtime's lines about INT8 fallbacks.

        The log stays in the folder, as `<name>.log`.
        """
        with self._worker(contender, verbose=True) as worker:
            nodes = worker.ask(Trace(self._settings.batch_size), TraceAnswer).nodes
        text = (self._folder / f"{contender.name}.log").read_text(errors="replace")
        log = parse_log(text.splitlines())
        return layers(log, nodes, graph), log.fallbacks

    def score(self, contender: Contender) -> Score:
        """Classify the validation split, and time some batches."""
        with self._worker(contender, verbose=False) as worker:
            probabilities, accuracy = self._classify(worker, self._train.validation)
            (throughput,) = self._rounds([worker], 1)
        return Score(probabilities, accuracy, throughput)

    def duel(self, contenders: Sequence[Contender]) -> list[float]:
        """Let the contenders take turns; return each one's throughput in images/s."""
        with self._all(contenders) as workers:
            return self._rounds(workers, self._settings.rounds)

    def final(
        self, contenders: Sequence[Contender]
    ) -> tuple[list[float], list[float], dict[str, str]]:
        """As `duel`; then let each contender classify the test split, once.

        Returns each one's throughput in images/s, each one's top-1 on test, the versions of what
        ran them.
        """
        with self._all(contenders) as workers:
            throughputs = self._rounds(workers, self._settings.rounds)
            tests = [self._classify(worker, self._train.test)[1] for worker in workers]
            return throughputs, tests, workers[0].ready.versions

    @contextlib.contextmanager
    def _all(self, contenders: Sequence[Contender]) -> Iterator[list[Worker]]:
        with contextlib.ExitStack() as stack:
            workers = [self._worker(each, verbose=False, waiting=False) for each in contenders]
            running = [stack.enter_context(worker) for worker in workers]
            for worker in running:  # all load at the same time, and nothing is timed meanwhile
                worker.wait()
            yield running

    def _rounds(self, workers: Sequence[Worker], rounds: int) -> list[float]:
        size = self._settings.batch_size
        turn = Turn(size, self._settings.round_duration_s)
        seconds = take_turns(workers, turn, rounds)
        return [size / median(median(each) for each in spent) for spent in seconds]

    def _classify(self, worker: Worker, images: Path) -> tuple[Probabilities, float]:
        request = Classify(self._settings.batch_size, str(images))
        probabilities = np.array(worker.ask(request, ClassifyAnswer).probabilities)
        predictions = probabilities.argmax(axis=1).tolist()
        return probabilities, accuracy_top1(predictions, self._samples[images])

    def _worker(self, contender: Contender, *, verbose: bool, waiting: bool = True) -> Worker:
        kind = "" if verbose else ".timed"
        job = Job(
            name=contender.name,
            backend=self._settings.runtime,
            model=str(contender.model),
            precision=contender.precision,
            images=str(self._train.validation),
            cores=self._cores,
        )
        log = self._folder / f"{contender.name}{kind}.log"
        timeout_s = self._settings.worker_timeout_s
        return Worker(job, log, timeout_s, verbose=verbose, waiting=waiting)


def divergence(reference: Probabilities, other: Probabilities) -> float:
    """Return the mean Kullback-Leibler divergence of `other` from `reference`, in nats."""
    tiny = np.finfo(np.float32).tiny
    ratio = np.log(np.maximum(reference, tiny)) - np.log(np.maximum(other, tiny))
    return float(np.mean(np.sum(reference * ratio, axis=1)))
