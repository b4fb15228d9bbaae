"""How long a turn is: short ones by default, or as long as MLPerf's rules ask.

Source: MLPerf Inference rules 5.1, "Benchmarking scenarios": at least 600 s; at least 24576 samples
offline; single-stream by the 90th percentile with LoadGen's early stopping, so from 64 queries up;
server by the 99th.
"""

import math
from dataclasses import dataclass

from stages.common.worker.protocol import LoadgenTest as Load
from stages.settings import Settings

# LoadGen calls an offline run that ends early invalid, and asks for a tenth more than expected.
SLACK = 1.1


@dataclass(frozen=True, slots=True)
class Rules:
    """The least that a turn is: seconds, images offline, queries in a single stream, of a server.

    The percentiles, 0 to 1, are those of the latencies that must be known from the queries.
    """

    duration_s: float
    images: int
    queries: int
    percentile: float
    server_queries: int
    server_percentile: float


STRICT = Rules(
    duration_s=600.0,
    images=24576,
    queries=64,
    percentile=0.9,
    server_queries=1024,
    server_percentile=0.99,
)


def rules_of(settings: Settings) -> Rules:
    """Return the rules that were asked for."""
    if settings.strict:
        return STRICT
    return Rules(
        duration_s=settings.round_duration_s,
        images=1,
        queries=settings.round_queries,
        percentile=0.5,
        server_queries=100,
        server_percentile=0.9,
    )


def load_of(settings: Settings, scenario: str, images_per_s: float) -> Load:
    """Return the test that one turn is, of an instance of which that throughput is expected.

    Offline its images are whole batches, and enough for the time even if it is a tenth faster.
    """
    rules = rules_of(settings)
    size = settings.batch_size if scenario == "offline" else 1
    images = max(SLACK * images_per_s * rules.duration_s, rules.images)
    return Load(
        scenario=scenario,
        batch_size=size,
        min_duration_s=rules.duration_s,
        min_queries=size * math.ceil(images / size) if scenario == "offline" else rules.queries,
        percentile=rules.percentile,
        seed=settings.seed,
    )


def server_load_of(settings: Settings, target_per_s: float, folder: str) -> Load:
    """Return a test of the server scenario at a rate."""
    rules = rules_of(settings)
    return Load(
        scenario="server",
        folder=folder,
        batch_size=settings.batch_size,
        min_duration_s=rules.duration_s,
        min_queries=rules.server_queries,
        percentile=rules.server_percentile,
        seed=settings.seed,
        target_per_s=target_per_s,
        latency_bound_s=settings.server_latency_ms / 1000,
    )


def seconds_of(load: Load, images_per_s: float) -> float:
    """Return about how long a test takes of a cell of that throughput."""
    return max(load.min_duration_s, load.min_queries / images_per_s)
