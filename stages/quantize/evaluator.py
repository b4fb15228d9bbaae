"""Runs the stage's models in pinned workers: their kernels, their answers, their time."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from stages.artifacts import TrainFolder
from stages.common.onednn.log import parse_log
from stages.common.stats import accuracy_top1
from stages.common.worker.client import WorkerProcess
from stages.common.worker.interleave import take_turns
from stages.common.worker.protocol import (
    Classify,
    ClassifyAnswer,
    Job,
    Trace,
    TraceAnswer,
    Turn,
)
from stages.quantize.op_graph import Graph
from stages.quantize.op_profile import attribute_primitives
from stages.records.quantize import Layer
from stages.runtimes import get_runtime
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
class Answers:
    """A model's probabilities on the validation split, [images, classes], and its top-1."""

    probabilities: Probabilities
    accuracy_top1: float

    @property
    def predictions(self) -> list[int]:
        """The class of each image."""
        return [int(each) for each in self.probabilities.argmax(axis=1)]


@dataclass(frozen=True, slots=True)
class Examined:
    """What a model did under oneDNN's log: one inference's layers, the lines about INT8 fallbacks,
    and its answers.
    """

    layers: list[Layer]
    fallbacks: list[str]
    answers: Answers


@dataclass(frozen=True, slots=True)
class Times:
    """Of each contender the seconds of every batch by round, and the throughput in images/s; and
    the versions of what ran them.
    """

    batch_seconds: list[list[list[float]]]
    throughputs: list[float]
    versions: dict[str, str]


class Evaluator:
    """The workers' surroundings: cores, images, logs in `folder`."""

    def __init__(
        self, settings: Settings, train: TrainFolder, cores: list[int], folder: Path
    ) -> None:
        self._settings, self._train, self._cores, self._folder = settings, train, cores, folder
        self._labels = load_samples(train.validation).labels.tolist()

    def examine(self, contender: Contender, graph: Graph) -> Examined:
        """Trace one inference and classify the validation split, all under oneDNN's log.

        The log stays in the folder, as `<name>.log`.
        """
        with self._worker(contender, verbose=True) as worker:
            nodes = worker.ask(Trace(self._settings.batch_size), TraceAnswer).nodes
            answers = self._classify(worker)
        text = (self._folder / f"{contender.name}.log").read_text(errors="replace")
        log = parse_log(text.splitlines())
        return Examined(attribute_primitives(log, nodes, graph), log.fallbacks, answers)

    def answers(self, contender: Contender) -> Answers:
        """Classify the validation split."""
        with self._worker(contender, verbose=False) as worker:
            return self._classify(worker)

    def times(self, contenders: Sequence[Contender], rounds: int) -> Times:
        """Let the contenders take turns, so many each."""
        request = Turn(self._settings.batch_size, self._settings.round_duration_s)
        with self._all(contenders) as workers:
            seconds = take_turns(workers, request, rounds)
            versions = workers[0].ready.versions
        throughputs = [throughput(self._settings.batch_size, each) for each in seconds]
        return Times(seconds, throughputs, versions)

    @contextlib.contextmanager
    def _all(self, contenders: Sequence[Contender]) -> Iterator[list[WorkerProcess]]:
        with contextlib.ExitStack() as stack:
            workers = [self._worker(each, verbose=False, waiting=False) for each in contenders]
            running = [stack.enter_context(worker) for worker in workers]
            for worker in running:  # all load at the same time, and nothing is timed meanwhile
                worker.wait()
            yield running

    def _classify(self, worker: WorkerProcess) -> Answers:
        request = Classify(self._settings.batch_size)
        probabilities = np.array(worker.ask(request, ClassifyAnswer).probabilities)
        predictions = probabilities.argmax(axis=1).tolist()
        return Answers(probabilities, accuracy_top1(predictions, self._labels))

    def _worker(
        self, contender: Contender, *, verbose: bool, waiting: bool = True
    ) -> WorkerProcess:
        kind = "" if verbose else ".timed"
        job = Job(
            name=contender.name,
            backend=get_runtime(self._settings.runtime).backend,
            model=str(contender.model),
            precision=contender.precision,
            images=str(self._train.validation),
            cores=self._cores,
        )
        log = self._folder / f"{contender.name}{kind}.log"
        timeout_s = self._settings.worker_timeout_s
        return WorkerProcess(job, log, timeout_s, verbose=verbose, waiting=waiting)


def throughput(batch_size: int, rounds: Sequence[Sequence[float]]) -> float:
    """Return images per second of the median round, by its median batch."""
    return batch_size / median(median(each) for each in rounds)


def fastest(batch_size: int, contenders: Sequence[Sequence[Sequence[float]]]) -> int:
    """Return which of the contenders, by their seconds, has the highest throughput."""
    throughputs = [throughput(batch_size, each) for each in contenders]
    return throughputs.index(max(throughputs))


def divergence(reference: Probabilities, other: Probabilities) -> float:
    """Return the mean Kullback-Leibler divergence of `other` from `reference`, in nats."""
    tiny = np.finfo(np.float32).tiny
    ratio = np.log(np.maximum(reference, tiny)) - np.log(np.maximum(other, tiny))
    return float(np.mean(np.sum(reference * ratio, axis=1)))
