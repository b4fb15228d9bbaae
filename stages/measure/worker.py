"""A process that holds one model and answers requests about it until its input ends.

`python -m stages.measure.worker JOB DESCRIPTOR`: JOB is a Job as JSON; requests are lines of
standard input; answers are lines of the file descriptor, never of the output, which belongs to
oneDNN's log.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from stages.errors import SettingsError, StageError
from stages.measure.backends import LoadedModel, load
from stages.measure.host import versions
from stages.measure.protocol import (
    Classify,
    ClassifyAnswer,
    Job,
    Latency,
    OfflineAnswer,
    Ready,
    Refusal,
    Request,
    Throughput,
    Trace,
    TraceAnswer,
    Turn,
    TurnAnswer,
)
from stages.measure.scenarios import offline, single_stream, turn
from stages.runtime import Images, batches_of, predict
from stages.samples import load_samples

WARM_UP_BATCHES = 2


class Holder:
    """The model and the images, and what is done with them."""

    def __init__(self, job: Job) -> None:
        began = time.perf_counter()
        self._images = job.images
        self._samples = load_samples(Path(job.images))
        self._model: LoadedModel = load(job.backend, job.model, job.precision, len(job.cores))
        self._model(self._samples.batch(0, 1))
        self._batches: dict[int, list[Images]] = {}
        self._warmed: set[int] = set()
        self.load_seconds = time.perf_counter() - began

    def answer(self, request: Request) -> Any:
        """Do what is asked, after a warm-up where it is timed."""
        match request:
            case Throughput(size, duration):
                full = self._warm(size)
                result, predictions = offline(self._model, full, duration)
                rest = self._of(size)[len(full) :]
                scored = predictions + predict(self._model, rest)
                return OfflineAnswer(offline=result, predictions=scored)
            case Latency(duration, queries):
                return single_stream(self._model, self._warm(1), duration, queries)
            case Turn(size, duration):
                return TurnAnswer(batch_seconds=turn(self._model, self._warm(size), duration))
            case Classify(size, images):
                other = images not in ("", self._images)
                batches = batches_of(load_samples(Path(images)), size) if other else self._of(size)
                answers = [row for batch in batches for row in self._model(batch).tolist()]
                return ClassifyAnswer(probabilities=answers)
            case Trace(size):
                return TraceAnswer(nodes=self._model.trace(self._warm(size)[0]))

    def _of(self, size: int) -> list[Images]:
        if size not in self._batches:
            self._batches[size] = batches_of(self._samples, size)
        return self._batches[size]

    def _warm(self, size: int) -> list[Images]:
        full = [batch for batch in self._of(size) if len(batch) == size]
        if not full:
            images = len(self._samples)
            raise SettingsError(f"batch size {size} exceeds the {images} images; give less")
        # Later, one is enough to bring the weights back to the caches.
        predict(self._model, full[: 1 if size in self._warmed else WARM_UP_BATCHES])
        self._warmed.add(size)
        return full


def main() -> None:
    """Load the model, say so, answer."""
    job = msgspec.json.decode(sys.argv[1], type=Job)
    # Before OpenMP binds this thread to one of them.
    cores = sorted(os.sched_getaffinity(0))
    with os.fdopen(int(sys.argv[2]), "wb") as stream:
        try:
            holder = Holder(job)
            _send(stream, Ready(cores=cores, load_seconds=holder.load_seconds, versions=versions()))
            for line in sys.stdin.buffer:
                _send(stream, holder.answer(msgspec.json.decode(line, type=Request)))
        except StageError as error:
            _send(stream, Refusal(error.exit_code, str(error)))


def _send(stream: BinaryIO, answer: Any) -> None:
    stream.write(msgspec.json.encode(answer) + b"\n")
    stream.flush()


if __name__ == "__main__":
    main()
