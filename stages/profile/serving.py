"""The server scenario: queries come at random times, and most must be answered within a bound.

LoadGen runs in this process. An instance that is free takes what waits, up to a batch.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import numpy as np

from stages.errors import StageError
from stages.measure.loadgen import complete, rate_of, reasons_of, run_test
from stages.measure.protocol import Answer, Classes, Load


class Server(Protocol):
    """An instance that classifies images by their index."""

    def send(self, request: Any) -> None:
        """Send a request."""
        ...

    def receive(self, answer: Any, lasting_s: float = 0.0) -> Any:
        """Return the answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What LoadGen says of one test, and the latency at the percentile that it was about."""

    valid: bool
    reasons: list[str]
    completed_per_s: float
    latency_ms: float


class Desk:
    """Where queries wait, and the threads, one for each instance, that take them from there."""

    def __init__(self, instances: Sequence[Server], batch_size: int) -> None:
        self._size = batch_size
        self._waiting: SimpleQueue[Any] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._serve, args=(each,), daemon=True) for each in instances
        ]
        self.failures: list[StageError] = []

    def __enter__(self) -> "Desk":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def issue(self, queries: Sequence[Any]) -> None:
        """Let LoadGen's queries wait."""
        for query in queries:
            self._waiting.put(query)

    def _serve(self, instance: Server) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first, *self._more()]
            complete(batch, self._classes(instance, [each.index for each in batch]))

    def _classes(self, instance: Server, indices: list[int]) -> Any:
        """Return the classes, or none after a failure, so that LoadGen comes to its end."""
        try:
            if not self.failures:
                instance.send(Answer(indices))
                return np.array(instance.receive(Classes).classes, np.int64)
        except StageError as error:
            self.failures.append(error)
        return np.full(len(indices), -1, np.int64)

    def _more(self) -> list[Any]:
        """Return what waits without delay, but for the ends of other threads."""
        found: list[Any] = []
        while len(found) < self._size - 1:
            try:
                query = self._waiting.get_nowait()
            except Empty:
                break
            if query is None:
                self._waiting.put(None)
                break
            found.append(query)
        return found


def serve(instances: Sequence[Server], images: int, asked: Load) -> Served:
    """Run one test of the server scenario over a split of so many `images`.

    Raises what an instance failed with, WorkerError where it died.
    """
    with Desk(instances, asked.batch_size) as desk:
        detail = run_test(asked, desk.issue, images)
    if desk.failures:
        raise desk.failures[0]
    reasons = reasons_of(detail)
    percentile = f"result_{100 * asked.percentile:.2f}_percentile_latency_ns"
    return Served(
        valid=not reasons,
        reasons=reasons,
        completed_per_s=rate_of(asked.scenario, detail),
        latency_ms=float(detail.get(percentile, 0.0)) / 1e6,
    )
