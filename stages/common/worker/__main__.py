"""A process that holds one model and answers requests about it until its input ends.

`python -m stages.common.worker JOB DESCRIPTOR`: JOB is a Job as JSON; requests are lines of
standard input; answers are lines of the file descriptor, never of the output, which belongs to
oneDNN's log.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from stages.common.backends.registry import LoadedModel, load
from stages.common.host.memory import give_back
from stages.common.host.perf_events import amx_busy
from stages.common.host.versions import versions
from stages.common.worker.interleave import time_batches
from stages.common.worker.protocol import (
    Answer,
    Classes,
    Classify,
    ClassifyAnswer,
    Job,
    LoadgenAnswer,
    LoadgenTest,
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
from stages.common.worker.system_under_test import classify, run_loadgen_test
from stages.errors import SettingsError, StageError, from_shortage
from stages.folder.full_disk import noticing
from stages.samples import Images, batches_of, load_samples

WARM_UP_BATCHES = 2
# After a pause the first batch is slower than the rest, but less than 1% if it takes longer.
BRIEF_S = 0.2


class RequestHandler:
    """Holds the model and the images, and answers requests about them."""

    def __init__(self, job: Job) -> None:
        began = time.perf_counter()
        samples = load_samples(Path(job.images))
        self._model: LoadedModel = load(job.backend, job.model, job.precision, len(job.cores))
        # Only now are the samples let go: once malloc has freed a block as large as theirs, it
        # keeps what loading a model frees, a third of a GiB.
        self._images: Images = samples.batch(0, len(samples))
        self._model(self._images[:1])
        give_back()
        # By batch size, the seconds of the last warm-up batch.
        self._warm_up_seconds: dict[int, float] = {}
        self.load_seconds = time.perf_counter() - began

    def answer(self, request: Request) -> Any:
        """Do what is asked. A Turn begins with a warm-up; a LoadgenTest does not."""
        match request:
            case Warm(size):
                self._warm(size)
                return Warmed()
            case LoadgenTest():
                return self._test(request)
            case Answer(indices):
                return Classes(classes=classify(self._model, self._images, indices).tolist())
            case Turn(size, duration):
                batches = self._warm(size)
                return TurnAnswer(batch_seconds=time_batches(self._model, batches, duration))
            case Classify(size):
                return self._classify(size)
            case Trace(size):
                return self._trace(size)

    def _test(self, test: LoadgenTest) -> LoadgenAnswer:
        answer = run_loadgen_test(self._model, self._images, test)
        if test.accuracy:  # which is not timed, and has made the kernels of whole batches
            give_back()
        # Its first batch was a whole one; whoever asks for a warm-up next has less to do.
        self._warm_up_seconds[test.batch_size] = answer.seconds[0]
        return answer

    def _classify(self, size: int) -> ClassifyAnswer:
        batches = batches_of(self._images, size)
        return ClassifyAnswer(
            probabilities=[row for batch in batches for row in self._model(batch).tolist()]
        )

    def _trace(self, size: int) -> TraceAnswer:
        batch = self._full_batches(size)[0]
        self._model(batch)  # which makes the kernels of this size
        give_back()
        nodes, busy = amx_busy(lambda: self._model.trace(batch))
        return TraceAnswer(nodes=nodes, amx_busy=busy, kernels=self._model.kernels(batch))

    def _full_batches(self, size: int) -> list[Images]:
        full = [batch for batch in batches_of(self._images, size) if len(batch) == size]
        if not full:
            count = len(self._images)
            raise SettingsError(f"batch size {size} exceeds the {count} images; give less")
        return full

    def _warm(self, size: int) -> list[Images]:
        """Run the warm-up that is due, and return the full batches."""
        full = self._full_batches(size)
        for batch in full[: self._warm_up_batches(size)]:
            began = time.perf_counter()
            self._model(batch)
            self._warm_up_seconds[size] = time.perf_counter() - began
        return full

    def _warm_up_batches(self, size: int) -> int:
        if size not in self._warm_up_seconds:
            return WARM_UP_BATCHES
        # Later, one brings the weights back into the caches; beside a long batch that is nothing.
        return 1 if self._warm_up_seconds[size] < BRIEF_S else 0


def main() -> None:
    """Load the model, report that it is ready, and answer requests until the input ends."""
    # They go to all processes of a terminal: the one that started this ends it, too.
    for signum in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(signum, signal.SIG_IGN)
    job = msgspec.json.decode(sys.argv[1], type=Job)
    # Asked before OpenMP binds this thread to one of them.
    cores = sorted(os.sched_getaffinity(0))
    with os.fdopen(int(sys.argv[2]), "wb") as stream:
        try:
            with noticing():
                _serve(job, cores, stream)
        except Exception as error:
            refusal = from_shortage(error) or error
            if not isinstance(refusal, StageError):
                raise
            _send(stream, Refusal(refusal.exit_code, str(refusal)))


def _serve(job: Job, cores: list[int], stream: BinaryIO) -> None:
    handler = RequestHandler(job)
    _send(stream, Ready(cores=cores, load_seconds=handler.load_seconds, versions=versions()))
    for line in sys.stdin.buffer:
        _send(stream, handler.answer(msgspec.json.decode(line, type=Request)))


def _send(stream: BinaryIO, answer: Any) -> None:
    stream.write(msgspec.json.encode(answer) + b"\n")
    stream.flush()


if __name__ == "__main__":
    main()
