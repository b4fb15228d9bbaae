"""The server scenario: queries come at random times, and most must be answered within a bound.

LoadGen runs in this process. A free instance takes the queries that wait, up to a batch. The
highest rate is found by bisection, between one that is valid and one that is too high.
"""

import threading
from collections.abc import Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from stages.common.worker.loadgen import complete, rate_of, reasons_of, run_test
from stages.common.worker.protocol import Answer, Classes, LoadgenTest, Worker
from stages.errors import StageError
from stages.profile.instance_group import InstanceGroup
from stages.profile.loadgen_settings import server_request
from stages.records.cell import Server, ServerTest
from stages.settings import Settings

# The rate is then known to a 64th of the offline throughput.
HALVINGS = 6


def highest_rate(
    group: InstanceGroup, images: int, images_per_s: float, settings: Settings
) -> Server:
    """Return the highest valid rate below `images_per_s`, the offline throughput, and all tests.

    Queries are for any of `images` images. Raises the error of the first instance that failed,
    WorkerError if it died.
    """
    for size in range(1, settings.batch_size + 1):
        group.warm_up(size)
    details: dict[str, dict[str, Any]] = {}
    valid, too_high = 0.0, images_per_s
    for number in range(1, HALVINGS + 1):
        rate = (valid + too_high) / 2
        log = f"{group.name}/server-{number}"
        request = server_request(settings, rate, str(group.loadgen_logs / log))
        details[log] = serve(group.instances, images, request)
        if reasons_of(details[log]):
            too_high = rate
        else:
            valid = rate
    return server_of(details)


class QueryQueue:
    """The queries that wait, and one thread for each instance, which takes them from there.

    A None among them ends the thread that takes it.
    """

    def __init__(self, instances: Sequence[Worker], batch_size: int) -> None:
        self._size = batch_size
        self._waiting: SimpleQueue[Any] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._serve, args=(instance,), daemon=True)
            for instance in instances
        ]
        self.failures: list[StageError] = []

    def __enter__(self) -> "QueryQueue":
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

    def _serve(self, instance: Worker) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first, *self._take_waiting()]
            complete(batch, self._classes(instance, [query.index for query in batch]))

    def _classes(self, instance: Worker, indices: list[int]) -> Any:
        """Return the classes, or -1 for each after a failure, so that LoadGen comes to its end."""
        try:
            if not self.failures:
                answer = instance.ask(Answer(indices), Classes)
                return np.array(answer.classes, np.int64)
        except StageError as error:
            self.failures.append(error)
        return np.full(len(indices), -1, np.int64)

    def _take_waiting(self) -> list[Any]:
        """Take what fits into a batch beside its first query, without waiting for more.

        A None is put back, as it ends another thread.
        """
        queries: list[Any] = []
        while len(queries) < self._size - 1:
            try:
                query = self._waiting.get_nowait()
            except Empty:
                break
            if query is None:
                self._waiting.put(None)
                break
            queries.append(query)
        return queries


def serve(instances: Sequence[Worker], images: int, request: LoadgenTest) -> dict[str, Any]:
    """Run one test of the server scenario over `images` images.

    Return the last value of each key in LoadGen's log. Raises the error of the first instance that
    failed, WorkerError if it died.
    """
    with QueryQueue(instances, request.batch_size) as queue:
        detail = run_test(request, queue.issue, images)
    if queue.failures:
        raise queue.failures[0]
    return detail


def server_of(details: Mapping[str, dict[str, Any]]) -> Server:
    """Return the record that follows from LoadGen's logs of a cell's tests, by their folders."""
    tests = [_test_of(log, detail) for log, detail in details.items()]
    first = next(iter(details.values()))
    return Server(
        latency_bound_ms=first["effective_target_latency_ns"] / 1e6,
        percentile=first["effective_target_latency_percentile"],
        rate_per_s=max((test.target_per_s for test in tests if test.valid), default=0.0),
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
