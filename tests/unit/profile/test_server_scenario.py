"""LoadGen asks instances that need no framework; it is in the images that measure."""

import time
from pathlib import Path
from typing import Any

import pytest

from stages.common.worker.protocol import Answer, Classes, LoadgenTest
from stages.errors import WorkerError
from tests.unit.workers import FakeWorker

pytestmark = pytest.mark.image


class Instance(FakeWorker):
    """Takes a set time for whatever it is asked; `batches` are the sizes."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.batches: list[int] = []

    def send(self, request: Answer) -> None:
        self.batches.append(len(request.indices))

    def receive(self, answer: Any, lasting_s: float = 0.0) -> Any:
        time.sleep(self._seconds)
        return Classes(classes=[0] * self.batches[-1])


class Broken(Instance):
    def receive(self, answer: Any, lasting_s: float = 0.0) -> Any:
        raise WorkerError("it died")


def server_test(rate: float, folder: Path, bound_s: float) -> LoadgenTest:
    return LoadgenTest(
        scenario="server",
        folder=str(folder),
        batch_size=4,
        min_queries=100,
        percentile=0.9,
        target_per_s=rate,
        latency_bound_s=bound_s,
    )


def test_what_is_answered_in_time_is_valid(tmp_path: Path) -> None:
    from stages.profile.server_scenario import serve, server_of

    instance = Instance(0.002)
    server = server_of({"log": serve([instance], 10, server_test(100, tmp_path, 0.5))})
    (test,) = server.tests
    assert (test.valid, test.reasons, test.log) == (True, [], "log")
    assert test.latency_ms >= 2
    assert test.completed_per_s == pytest.approx(100, rel=0.5)
    assert (server.rate_per_s, server.latency_bound_ms, server.percentile) == (100, 500, 0.9)
    assert sum(instance.batches) >= 100
    assert max(instance.batches) <= 4
    assert "Scenario : Server" in (tmp_path / "mlperf_log_summary.txt").read_text()


def test_what_comes_faster_than_it_is_answered_is_not(tmp_path: Path) -> None:
    from stages.profile.server_scenario import serve, server_of

    instance = Instance(0.05)
    server = server_of({"log": serve([instance], 10, server_test(400, tmp_path, 0.1))})
    (test,) = server.tests
    assert not test.valid
    assert test.reasons
    assert server.rate_per_s == 0
    assert 4 in instance.batches


def test_instances_share_the_work(tmp_path: Path) -> None:
    from stages.profile.server_scenario import serve

    instances = [Instance(0.02), Instance(0.02)]
    serve(instances, 10, server_test(200, tmp_path, 1.0))
    answered = [sum(instance.batches) for instance in instances]
    assert min(answered) > max(answered) / 4


def test_an_instance_that_dies_is_an_error(tmp_path: Path) -> None:
    from stages.profile.server_scenario import serve

    with pytest.raises(WorkerError, match="it died"):
        serve([Broken(0.0)], 10, server_test(1000, tmp_path, 0.1))
