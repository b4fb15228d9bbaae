"""The server scenario: queries come at random times, and most must be answered within a bound.

LoadGen runs in this process. An instance that is free takes what waits, up to a batch.
"""

import threading
from collections.abc import Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import numpy as np

from stages.errors import StageError
from stages.measure.loadgen import complete, rate_of, reasons_of, run_test
from stages.measure.protocol import Answer, Classes, Load
from stages.records.profile import Server, ServerTest


class Instance(Protocol):
    """An instance that classifies images by their index."""

    def send(self, request: Any) -> None:
        """Send a request."""
        ...

    def receive(self, answer: Any, lasting_s: float = 0.0) -> Any:
        """Return the answer."""
        ...


class Desk:
    """Where queries wait, and the threads, one for each instance, that take them from there."""

    def __init__(self, instances: Sequence[Instance], batch_size: int) -> None:
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

    def _serve(self, instance: Instance) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first, *self._more()]
            complete(batch, self._classes(instance, [each.index for each in batch]))

    def _classes(self, instance: Instance, indices: list[int]) -> Any:
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


def serve(instances: Sequence[Instance], images: int, asked: Load) -> dict[str, Any]:
    """Run one test of the server scenario over a split of so many `images`; return LoadGen's log.

    Raises what an instance failed with, WorkerError where it died.
    """
    with Desk(instances, asked.batch_size) as desk:
        detail = run_test(asked, desk.issue, images)
    if desk.failures:
        raise desk.failures[0]
    return detail


def server_of(details: Mapping[str, dict[str, Any]]) -> Server:
    """Return what LoadGen's logs of all tests, by their folders, say of a cell."""
    tests = [_test_of(log, detail) for log, detail in details.items()]
    one = next(iter(details.values()))
    return Server(
        latency_bound_ms=one["effective_target_latency_ns"] / 1e6,
        percentile=one["effective_target_latency_percentile"],
        rate_per_s=max((each.target_per_s for each in tests if each.valid), default=0.0),
        tests=tests,
    )


def _test_of(log: str, detail: Mapping[str, Any]) -> ServerTest:
    reasons = reasons_of(detail)
    percentile = 100 * detail["effective_target_latency_percentile"]
    return ServerTest(
        target_per_s=detail["effective_target_qps"],
        valid=not reasons,
        reasons=reasons,
        completed_per_s=rate_of("server", detail),
        latency_ms=detail.get(f"result_{percentile:.2f}_percentile_latency_ns", 0.0) / 1e6,
        log=log,
    )
