from typing import Any

import pytest

from stages.measure.protocol import Load
from stages.profile.peak import peak
from stages.profile.team import Team
from stages.settings import Settings


class Limited(Team):
    """Holds the bound up to a rate."""

    def __init__(self, limit: float) -> None:
        self.name, self._limit = "cell", limit
        self.asked: list[Load] = []

    def serve(self, asked: Load, images: int) -> dict[str, Any]:
        self.asked.append(asked)
        valid = asked.target_per_s <= self._limit
        return {
            "result_validity": "VALID" if valid else "INVALID",
            "effective_target_qps": asked.target_per_s,
            "effective_target_latency_ns": round(1e9 * asked.latency_bound_s),
            "effective_target_latency_percentile": asked.percentile,
        }


@pytest.mark.parametrize("limit", [1.0, 7.0, 15.9])
def test_it_is_found_to_a_64th_of_the_offline_throughput(limit: float) -> None:
    team = Limited(limit)
    found = peak(team, 10, 16.0, Settings(server_latency_ms=50.0))
    assert limit - 16 / 64 <= found.rate_per_s <= limit
    assert len(found.tests) == 6
    assert {each.latency_bound_s for each in team.asked} == {0.05}
    assert found.latency_bound_ms == 50
    assert len({each.log for each in found.tests}) == 6


def test_where_no_rate_is_low_enough_it_is_0() -> None:
    found = peak(Limited(0.0), 10, 16.0, Settings(server_latency_ms=50.0))
    assert found.rate_per_s == 0
    assert [each.valid for each in found.tests] == [False] * 6


def test_strict_asks_for_the_99th_percentile() -> None:
    quick, strict = Limited(1.0), Limited(1.0)
    assert peak(quick, 10, 2.0, Settings(server_latency_ms=50.0)).percentile == 0.9
    assert peak(strict, 10, 2.0, Settings(server_latency_ms=50.0, strict=True)).percentile == 0.99
    assert (quick.asked[0].min_queries, strict.asked[0].min_queries) == (100, 1024)
