"""How long a turn is: short by default, or as long as MLPerf's rules ask.

Source: MLPerf Inference rules 5.1, "Benchmarking scenarios": at least 600 s; at least 24576 samples
offline; single-stream by the 90th percentile with LoadGen's early stopping, so at least 64 queries;
server by the 99th.
"""

import math
from dataclasses import dataclass

from stages.common.worker.protocol import LoadgenTest
from stages.settings import Settings

# LoadGen calls an offline run that ends early invalid, and asks for a tenth more than expected.
# With more, each turn would take as much longer: of 233 turns in two profiles none ended early,
# though one was 12% faster than all before it, as whole batches leave a little more.
SLACK = 1.1


@dataclass(frozen=True, slots=True)
class Rules:
    """The least that a turn must have.

    `duration_s` seconds; offline `images`, in a single stream `queries`, of a server
    `server_queries`. `percentile` (single stream) and `server_percentile`, 0 to 1, are those of the
    latencies that the queries must be enough to know.
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
    """Return MLPerf's rules if the settings are strict, else those that the settings give."""
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


def has_fixed_rounds(settings: Settings) -> bool:
    """Return whether a number of rounds is asked for, or MLPerf's rules, whose turns take long."""
    return bool(settings.rounds) or settings.strict


def rounds_in_words(settings: Settings) -> str:
    """Return the fixed number of rounds, as a step of progress has it."""
    count = settings.fixed_rounds
    return "1 round" if count == 1 else f"{count} rounds"


def turn_request(settings: Settings, scenario: str, images_per_s: float) -> LoadgenTest:
    """Return the request for one turn of an instance that is expected to do `images_per_s`.

    `scenario` is offline or single_stream. Offline, the images are whole batches, and enough for
    the time even if the instance is a tenth faster than expected.
    """
    rules = rules_of(settings)
    size = settings.batch_size if scenario == "offline" else 1
    images = max(SLACK * images_per_s * rules.duration_s, rules.images)
    return LoadgenTest(
        scenario=scenario,
        batch_size=size,
        min_duration_s=rules.duration_s,
        min_queries=size * math.ceil(images / size) if scenario == "offline" else rules.queries,
        percentile=rules.percentile,
        seed=settings.seed,
        expected_per_s=images_per_s if scenario == "single_stream" else 0.0,
    )


def server_request(settings: Settings, target_per_s: float, folder: str) -> LoadgenTest:
    """Return the request for a test of the server scenario at `target_per_s` queries per second."""
    rules = rules_of(settings)
    return LoadgenTest(
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


def expected_seconds(request: LoadgenTest, images_per_s: float) -> float:
    """Return about how long a test takes an instance that does `images_per_s`."""
    return max(request.min_duration_s, request.min_queries / images_per_s)
