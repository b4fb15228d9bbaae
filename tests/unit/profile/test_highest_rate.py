"""The search for the highest rate, without LoadGen."""

from pathlib import Path
from typing import Any

import pytest

from stages.common.worker.protocol import LoadgenTest as Load
from stages.profile import server_scenario
from stages.profile.instance_group import InstanceGroup
from stages.records.profile import Server
from stages.settings import Settings


class Limited:
    """Holds the bound up to a rate; `asked` are the tests."""

    def __init__(self, limit: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self._limit = limit
        self.asked: list[Load] = []
        monkeypatch.setattr(server_scenario, "serve", self._serve)

    def _serve(self, instances: Any, images: int, asked: Load) -> dict[str, Any]:
        self.asked.append(asked)
        valid = asked.target_per_s <= self._limit
        return {
            "result_validity": "VALID" if valid else "INVALID",
            "effective_target_qps": asked.target_per_s,
            "effective_target_latency_ns": round(1e9 * asked.latency_bound_s),
            "effective_target_latency_percentile": asked.percentile,
        }

    def highest(self, images_per_s: float, *, strict: bool = False) -> Server:
        settings = Settings(server_latency_ms=50.0, strict=strict)
        group = InstanceGroup("cell", [], [0], Path("loads"))
        return server_scenario.highest_rate(group, 10, images_per_s, settings)


@pytest.mark.parametrize("limit", [1.0, 7.0, 15.9])
def test_it_is_found_to_a_64th_of_the_offline_throughput(
    limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = Limited(limit, monkeypatch)
    found = limited.highest(16.0)
    assert limit - 16 / 64 <= found.rate_per_s <= limit
    assert len(found.tests) == 6
    assert {each.latency_bound_s for each in limited.asked} == {0.05}
    assert found.latency_bound_ms == 50
    assert len({each.log for each in found.tests}) == 6
    assert [each.folder for each in limited.asked] == [f"loads/{each.log}" for each in found.tests]


def test_if_no_rate_is_low_enough_it_is_0(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Limited(0.0, monkeypatch).highest(16.0)
    assert found.rate_per_s == 0
    assert [each.valid for each in found.tests] == [False] * 6


def test_strict_asks_for_the_99th_percentile(monkeypatch: pytest.MonkeyPatch) -> None:
    limited = Limited(1.0, monkeypatch)
    assert limited.highest(2.0).percentile == 0.9
    assert limited.highest(2.0, strict=True).percentile == 0.99
    assert (limited.asked[0].min_queries, limited.asked[-1].min_queries) == (100, 1024)
