"""Start a pinned worker, ask it, and report one that died, hung or gave no readable answer."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from stages.common.child_output import ending_in_words, print_tail, shortage
from stages.common.host.cores import numactl_command
from stages.common.host.memory import Footprint, footprint_of
from stages.common.host.oom_kills import OomKills
from stages.common.worker.environment import worker_environment
from stages.common.worker.protocol import AnswerT, Job, Ready, Refusal, Request
from stages.errors import PinningError, StageError, WorkerError, of_kind
from stages.program.signals import ENDING
from stages.program.tether import tethered
from stages.records.reading import MAX_BYTES

# What others send; the other signals come of what a process does itself.
SENT_BY_OTHERS = (signal.SIGKILL, *ENDING)

READ_BYTES = 2**20
# The largest answers, LoadGen's with two times for each of some million batches, go into a record,
# and no record may be larger than this. The next smaller, of 100,000 images with the probabilities
# of three classes, take 7 MB.
MAX_ANSWER_BYTES = MAX_BYTES
REFUSAL = b'{"type":"refusal"'


class WorkerProcess:
    """A worker as a context: started on entering, ended on leaving.

    With `waiting`, entering also waits until it is ready; without, the first request does, so
    that several workers can load at the same time.

    `isa` caps oneDNN, None leaves it uncapped; `verbose` turns oneDNN's log on; `extra` are further
    variables, which nothing that is timed may have. All that the worker prints goes to `log`.
    Raises WorkerError if it dies, hangs or gives no readable answer, HostError if it died for want
    of memory, PinningError if it runs on other cores than asked, and the StageError that it refuses
    with. Leaving raises, too: no figure of a worker that ends badly may be used.
    """

    def __init__(
        self,
        job: Job,
        log: Path,
        timeout_s: float,
        *,
        isa: str | None = None,
        verbose: bool = False,
        waiting: bool = True,
        python: str = sys.executable,
        parent: Mapping[str, str] = os.environ,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.job, self._log, self._timeout_s = job, log, timeout_s
        self._python, self._waiting = python, waiting
        self._ready: Ready | None = None
        self._environment = worker_environment(
            parent, job.precision, isa, len(job.cores), verbose=verbose
        ) | dict(extra or {})

    def __enter__(self) -> "WorkerProcess":
        with ExitStack() as stack:
            self._start(stack)
            if self._waiting:
                self.wait()
            self._running = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._running.__exit__(*error)

    @property
    def ready(self) -> Ready:
        """What the worker reported when it had loaded its model, which this waits for."""
        return self.wait()

    def wait(self) -> Ready:
        """Wait until the worker has loaded its model, and return what it then reported."""
        if not self._ready:
            self._ready = self.receive(Ready)
            self._require_cores(self._ready.cores)
        return self._ready

    def ask(self, request: Request, answer: type[AnswerT], lasting_s: float = 0.0) -> AnswerT:
        """Send a request and return the answer; the work is meant to take `lasting_s` seconds.

        Raises WorkerError if no answer comes within those and the timeout.
        """
        self.send(request)
        return self.receive(answer, lasting_s)

    def send(self, request: Request) -> None:
        """Send a request, whose answer is to be received before the next is sent."""
        self.wait()
        try:
            self._requests.write(msgspec.json.encode(request) + b"\n")
        except BrokenPipeError:
            raise self._ended() from None

    def receive(self, answer: type[AnswerT], lasting_s: float = 0.0) -> AnswerT:
        """Return the answer to what was sent, as `ask` does."""
        try:
            return answer_of(self._line(lasting_s), answer)
        except ValueError:
            raise self._failure("returned no readable result") from None

    @property
    def process(self) -> int:
        """The ID of its process."""
        return self._process.pid

    def footprint(self) -> Footprint:
        """Return how much memory it takes, and took at most."""
        return footprint_of(self.process)

    def _start(self, stack: ExitStack) -> None:
        self._answers, answers_end = _pipe(stack)
        requests_end, self._requests = _pipe(stack)
        job = msgspec.json.encode(self.job).decode()
        command = [*numactl_command(self.job.cores), self._python, "-m", "stages.common.worker"]
        self._kills = OomKills()
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                tethered([*command, job, str(answers_end.fileno())], environ=self._environment),
                stdin=requests_end,
                stdout=output,
                stderr=output,
                env=self._environment,
                pass_fds=[answers_end.fileno()],
            )
        stack.push(self._end)
        # From here on only the worker holds these, so that its end is the end of its answers.
        answers_end.close()
        requests_end.close()

    def _line(self, lasting_s: float) -> bytes:
        """Return the next line.

        Raises WorkerError if none comes in time, it is longer than any answer, or the worker ends.
        """
        line = bytearray()
        deadline = time.monotonic() + lasting_s + self._timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise self._too_long()
                part = self._answers.read(READ_BYTES)
                if not part:
                    raise self._ended()
                line += part
                if len(line) > MAX_ANSWER_BYTES:
                    raise self._failure("returned more than any answer is long")
        return bytes(line)

    def _ended(self) -> StageError:
        try:
            code = self._process.wait(self._timeout_s)
        except subprocess.TimeoutExpired:
            return self._failure("closed its answers")
        return self._ended_with(code) if code else self._failure("returned no readable result")

    def _ended_with(self, code: int) -> StageError:
        short = shortage(f"running {self.job.name}", code, self._log, self._kills)
        return short or self._failure(ending_in_words(code), may_pass=-code in SENT_BY_OTHERS)

    def _failure(self, what: str, *, may_pass: bool = False) -> WorkerError:
        said = print_tail(self._log)
        return WorkerError(f"running {self.job.name} {what}; {said}", may_pass=may_pass)

    def _too_long(self) -> WorkerError:
        return WorkerError(
            f"running {self.job.name} took over {self._timeout_s:g} s and was ended; "
            "raise VGG19_WORKER_TIMEOUT_S or leave it out",
            may_pass=True,
        )

    def _require_cores(self, cores: list[int]) -> None:
        if cores != self.job.cores:
            raise PinningError(f"{self.job.name} ran on cores {cores}, not on {self.job.cores}")

    def _end(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the worker end, or kill it if something failed; raise if it ends badly."""
        if error:
            self._process.kill()
        self._requests.close()  # which ends the worker
        try:
            code = self._process.wait(self._timeout_s)
        except subprocess.TimeoutExpired:
            raise self._too_long() from None
        finally:
            self._process.kill()
            self._process.wait()
        if code and not error:
            raise self._ended_with(code)


def answer_of(line: bytes, answer: type[AnswerT]) -> AnswerT:
    """Return the answer in a worker's line.

    Raises the StageError that the worker refuses with, ValueError if the line can't be read.
    """
    try:
        if line.startswith(REFUSAL):
            refusal = msgspec.json.decode(line, type=Refusal)
            raise of_kind(refusal.exit_code, refusal.message)
        return msgspec.json.decode(line, type=answer)
    except RecursionError as error:
        raise ValueError(str(error)) from None


def _pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    """Return a pipe's reading and writing end, which `stack` closes."""
    reading, writing = os.pipe()
    return (
        stack.enter_context(os.fdopen(reading, "rb", buffering=0)),
        stack.enter_context(os.fdopen(writing, "wb", buffering=0)),
    )
