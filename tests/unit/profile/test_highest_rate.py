"""The search for the highest rate, without LoadGen."""

from pathlib import Path
from typing import Any

import pytest

from stages.common.worker.protocol import LoadgenTest
from stages.profile import server_scenario
from stages.profile.instance_group import InstanceGroup
from stages.records.cell import Server
from stages.settings import Settings


class FakeServer:
    """Keeps within the latency bound up to a rate; `requests` are the tests that were run."""

    def __init__(self, highest_valid: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self._highest_valid = highest_valid
        self.requests: list[LoadgenTest] = []
        monkeypatch.setattr(server_scenario, "serve", self._serve)

    def _serve(self, instances: Any, images: int, request: LoadgenTest) -> dict[str, Any]:
        self.requests.append(request)
        valid = request.target_per_s <= self._highest_valid
        return {
            "result_validity": "VALID" if valid else "INVALID",
            "effective_target_qps": request.target_per_s,
            "effective_target_latency_ns": round(1e9 * request.latency_bound_s),
            "effective_target_latency_percentile": request.percentile,
        }

    def search(self, images_per_s: float, *, strict: bool = False) -> Server:
        settings = Settings(server_latency_ms=50.0, strict=strict)
        group = InstanceGroup("cell", [], Path("logs"))
        return server_scenario.highest_rate(group, 10, images_per_s, settings)


@pytest.mark.parametrize("highest_valid", [1.0, 7.0, 15.9])
def test_it_is_found_to_a_64th_of_the_offline_throughput(
    highest_valid: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeServer(highest_valid, monkeypatch)
    server = fake.search(16.0)
    assert highest_valid - 16 / 64 <= server.rate_per_s <= highest_valid
    assert len(server.tests) == 6
    assert {request.latency_bound_s for request in fake.requests} == {0.05}
    assert server.latency_bound_ms == 50
    logs = [test.log for test in server.tests]
    assert len(set(logs)) == 6
    assert [request.folder for request in fake.requests] == [f"logs/{log}" for log in logs]


def test_if_no_rate_is_low_enough_it_is_0(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeServer(0.0, monkeypatch).search(16.0)
    assert server.rate_per_s == 0
    assert [test.valid for test in server.tests] == [False] * 6


def test_strict_asks_for_the_99th_percentile(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeServer(1.0, monkeypatch)
    assert fake.search(2.0).percentile == 0.9
    assert fake.search(2.0, strict=True).percentile == 0.99
    assert (fake.requests[0].min_queries, fake.requests[-1].min_queries) == (100, 1024)
