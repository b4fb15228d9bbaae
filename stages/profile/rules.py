"""How long a turn is: short ones by default, or as long as MLPerf's rules ask.

Source: MLPerf Inference rules 5.1, "Benchmarking scenarios": at least 600 s; at least 24576 samples
offline; single-stream by the 90th percentile with LoadGen's early stopping, so from 64 queries up.
"""

import math
from dataclasses import dataclass

from stages.measure.protocol import Load
from stages.settings import Settings

# LoadGen calls an offline run that ends early invalid, and asks for a tenth more than expected.
SLACK = 1.1
QUICK_PERCENTILE = 0.5


@dataclass(frozen=True, slots=True)
class Rules:
    """The least that a turn is: seconds, images offline, queries in a single stream.

    `percentile`, 0 to 1, is that of the latencies that must be known from the queries.
    """

    duration_s: float
    images: int
    queries: int
    percentile: float


STRICT = Rules(duration_s=600.0, images=24576, queries=64, percentile=0.9)


def rules_of(settings: Settings) -> Rules:
    """Return the rules that were asked for."""
    if settings.strict:
        return STRICT
    return Rules(settings.round_duration_s, 1, settings.round_queries, QUICK_PERCENTILE)


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


def seconds_of(load: Load, images_per_s: float) -> float:
    """Return about how long a test takes of a cell of that throughput."""
    return max(load.min_duration_s, load.min_queries / images_per_s)
