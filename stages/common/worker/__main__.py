"""A process that holds one model and answers requests about it until its input ends.

`python -m stages.common.worker JOB DESCRIPTOR`: JOB is a Job as JSON; requests are lines of
standard input; answers are lines of the file descriptor, never of the output, which belongs to
oneDNN's log.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from stages.common.backends.registry import LoadedModel, load
from stages.common.host.facts import versions
from stages.common.host.perf_events import amx_busy
from stages.common.worker.interleave import turn
from stages.common.worker.protocol import (
    Answer,
    Classes,
    Classify,
    ClassifyAnswer,
    Job,
    Load,
    Ready,
    Refusal,
    Request,
    Trace,
    TraceAnswer,
    Turn,
    TurnAnswer,
    Warm,
    Warmed,
)
from stages.common.worker.system_under_test import classify
from stages.common.worker.system_under_test import load as load_test
from stages.errors import SettingsError, StageError
from stages.samples import Images, batches_of, load_samples

WARM_UP_BATCHES = 2
# Of a batch that takes longer, the first after a pause is not slower than the rest by a percent.
BRIEF_S = 0.2


class RequestHandler:
    """Holds the model and the images, and answers requests about them."""

    def __init__(self, job: Job) -> None:
        began = time.perf_counter()
        self._images = _all(job.images)
        self._model: LoadedModel = load(job.backend, job.model, job.precision, len(job.cores))
        self._model(self._images[:1])
        self._warmed: dict[int, float] = {}
        self.load_seconds = time.perf_counter() - began

    def answer(self, request: Request) -> Any:
        """Do what is asked, after a warm-up where it is timed."""
        match request:
            case Warm(size):
                self._warm(size)
                return Warmed()
            case Load():
                tested = load_test(self._model, self._images, request)
                # Its first batch was a whole one; whoever asks for a warm-up next has less to do.
                self._warmed[request.batch_size] = tested.seconds[0]
                return tested
            case Answer(indices):
                return Classes(classes=classify(self._model, self._images, indices).tolist())
            case Turn(size, duration):
                return TurnAnswer(batch_seconds=turn(self._model, self._warm(size), duration))
            case Classify(size):
                batches = batches_of(self._images, size)
                answers = [row for batch in batches for row in self._model(batch).tolist()]
                return ClassifyAnswer(probabilities=answers)
            case Trace(size):
                batch = self._full_batches(size)[0]
                self._model(batch)  # which makes the kernels of this size
                nodes, busy = amx_busy(lambda: self._model.trace(batch))
                return TraceAnswer(nodes=nodes, amx_busy=busy)

    def _full_batches(self, size: int) -> list[Images]:
        full = [each for each in batches_of(self._images, size) if len(each) == size]
        if not full:
            count = len(self._images)
            raise SettingsError(f"batch size {size} exceeds the {count} images; give less")
        return full

    def _warm(self, size: int) -> list[Images]:
        full = self._full_batches(size)
        # Later, one is enough to bring the weights back to the caches, which next to a long batch
        # is nothing.
        again = 1 if self._warmed.get(size, 0.0) < BRIEF_S else 0
        for batch in full[: again if size in self._warmed else WARM_UP_BATCHES]:
            began = time.perf_counter()
            self._model(batch)
            self._warmed[size] = time.perf_counter() - began
        return full


def _all(path: str) -> Images:
    samples = load_samples(Path(path))
    return samples.batch(0, len(samples))


def main() -> None:
    """Load the model, say so, answer."""
    job = msgspec.json.decode(sys.argv[1], type=Job)
    # Before OpenMP binds this thread to one of them.
    cores = sorted(os.sched_getaffinity(0))
    with os.fdopen(int(sys.argv[2]), "wb") as stream:
        try:
            handler = RequestHandler(job)
            _send(
                stream, Ready(cores=cores, load_seconds=handler.load_seconds, versions=versions())
            )
            for line in sys.stdin.buffer:
                _send(stream, handler.answer(msgspec.json.decode(line, type=Request)))
        except StageError as error:
            _send(stream, Refusal(error.exit_code, str(error)))


def _send(stream: BinaryIO, answer: Any) -> None:
    stream.write(msgspec.json.encode(answer) + b"\n")
    stream.flush()


if __name__ == "__main__":
    main()
