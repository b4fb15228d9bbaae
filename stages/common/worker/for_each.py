"""A worker that is there only while it is asked, where memory holds no more than one at a time."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from stages.common.worker.protocol import AnswerT, Request, Worker


class LoadedForEach:
    """Answers each request by a worker that `start` gives, which loads for it and then ends."""

    def __init__(self, start: Callable[[], AbstractContextManager[Worker]]) -> None:
        self._start = start

    def ask(self, request: Request, answer: type[AnswerT], lasting_s: float = 0.0) -> AnswerT:
        """Load the model, send a request and return the answer, as a worker's `ask` does."""
        with self._start() as worker:
            return worker.ask(request, answer, lasting_s)
