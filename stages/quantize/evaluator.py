"""Runs models in pinned workers: which kernels they run, what they answer, how fast they are."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from stages.common.host import memory
from stages.common.host.memory import Footprint
from stages.common.onednn.log import parse_log
from stages.common.stats import accuracy_top1
from stages.common.worker.client import WorkerProcess
from stages.common.worker.for_each import LoadedForEach
from stages.common.worker.interleave import take_turns
from stages.common.worker.protocol import (
    Asked,
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
from stages.stage_folders import TrainFolder

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
        return [int(index) for index in self.probabilities.argmax(axis=1)]


@dataclass(frozen=True, slots=True)
class Examination:
    """What a model did under oneDNN's log.

    `layers` are those of one inference, `fallbacks` the lines about patterns that did not run in
    INT8, `answers` those on the validation split.
    """

    layers: list[Layer]
    fallbacks: list[str]
    answers: Answers


@dataclass(frozen=True, slots=True)
class Times:
    """How long contenders took.

    `batch_seconds` are those of every batch, by contender and round; `throughputs` are in images
    per second, by contender.
    """

    batch_seconds: list[list[list[float]]]
    throughputs: list[float]


class Evaluator:
    """Starts a worker on `cores` for each model; their logs go to `folder`."""

    def __init__(
        self, settings: Settings, train: TrainFolder, cores: list[int], folder: Path
    ) -> None:
        self._settings, self._train, self._cores, self._folder = settings, train, cores, folder
        self._labels = load_samples(train.validation).labels.tolist()
        self._sizes: dict[str, Footprint] = {}  # by contender's name

    def examine(self, contender: Contender, graph: Graph) -> Examination:
        """Trace one inference and classify the validation split, all under oneDNN's log.

        Layers are named by the ops of `graph`. The log stays in the folder, as `<name>.log`.
        """
        with self._worker(contender, verbose=True) as worker:
            nodes = worker.ask(Trace(self._settings.batch_size), TraceAnswer).nodes
            answers = self._answers_of(worker)
            self._sizes[contender.name] = worker.footprint()
        text = (self._folder / f"{contender.name}.log").read_text(
            encoding="utf-8", errors="replace"
        )
        log = parse_log(text.splitlines())
        return Examination(attribute_primitives(log, nodes, graph), log.fallbacks, answers)

    def classify(self, contender: Contender) -> Answers:
        """Classify the validation split."""
        with self._worker(contender, verbose=False) as worker:
            return self._answers_of(worker)

    def fit(self, contenders: Sequence[Contender]) -> bool:
        """Return whether memory holds contenders side by side, by what each took when examined."""
        left = memory.available()
        return left is None or memory.needed_at_once([*map(self._size, contenders)]) <= left

    def time(self, contenders: Sequence[Contender], rounds: int) -> Times:
        """Let each contender take one turn in each round, in shuffled order.

        Where memory does not hold them side by side, each loads for its turn, and then ends.
        """
        request = Turn(self._settings.batch_size, self._settings.round_duration_s)
        together = self._all if self.fit(contenders) else self._one_at_a_time
        with together(contenders) as workers:
            seconds = take_turns(workers, request, rounds)
        throughputs = [throughput(self._settings.batch_size, by_round) for by_round in seconds]
        return Times(seconds, throughputs)

    def _size(self, contender: Contender) -> Footprint:
        """Return what a contender takes: as VGG19 does, if an earlier run examined it."""
        size = self._settings.batch_size
        seen = self._sizes.get(contender.name)
        return seen or memory.expected_footprint(contender.precision, size)

    @contextlib.contextmanager
    def _one_at_a_time(self, contenders: Sequence[Contender]) -> Iterator[Sequence[Asked]]:
        yield [
            LoadedForEach(partial(self._worker, contender, verbose=False))
            for contender in contenders
        ]

    @contextlib.contextmanager
    def _all(self, contenders: Sequence[Contender]) -> Iterator[Sequence[Asked]]:
        with contextlib.ExitStack() as stack:
            workers = [
                stack.enter_context(self._worker(contender, verbose=False, waiting=False))
                for contender in contenders
            ]
            for worker in workers:  # all load at the same time, and nothing is timed meanwhile
                worker.wait()
            yield workers

    def _answers_of(self, worker: WorkerProcess) -> Answers:
        request = Classify(self._settings.batch_size)
        probabilities = np.array(worker.ask(request, ClassifyAnswer).probabilities)
        predictions = probabilities.argmax(axis=1).tolist()
        return Answers(probabilities, accuracy_top1(predictions, self._labels))

    def _worker(
        self, contender: Contender, *, verbose: bool, waiting: bool = True
    ) -> WorkerProcess:
        job = Job(
            name=contender.name,
            backend=get_runtime(self._settings.runtime).backend,
            model=str(contender.model),
            precision=contender.precision,
            images=str(self._train.validation),
            cores=self._cores,
        )
        suffix = ".log" if verbose else ".timed.log"
        log = self._folder / f"{contender.name}{suffix}"
        timeout_s = self._settings.worker_timeout_s
        return WorkerProcess(job, log, timeout_s, verbose=verbose, waiting=waiting)


def throughput(batch_size: int, rounds: Sequence[Sequence[float]]) -> float:
    """Return images per second in the median round, by its median batch; `rounds` are seconds."""
    return batch_size / median(median(batches) for batches in rounds)


def index_of_fastest(batch_size: int, batch_seconds: Sequence[Sequence[Sequence[float]]]) -> int:
    """Return which contender, by the seconds of each one's batches, has the highest throughput."""
    throughputs = [throughput(batch_size, rounds) for rounds in batch_seconds]
    return throughputs.index(max(throughputs))


def divergence(reference: Probabilities, other: Probabilities) -> float:
    """Return the mean Kullback-Leibler divergence of `other` from `reference`, in nats."""
    tiny = np.finfo(np.float32).tiny
    ratio = np.log(np.maximum(reference, tiny)) - np.log(np.maximum(other, tiny))
    return float(np.mean(np.sum(reference * ratio, axis=1)))
