"""The load scenarios, over any function that classifies a batch.

Names and definitions as in MLPerf Inference's LoadGen: `offline` counts throughput,
`single_stream` sends the next query when the last is answered and looks at latency.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from stages.records.profile import Offline, SingleStream
from stages.runtime import Infer

Clock: TypeAlias = Callable[[], float]

# A percentile is given only where at least this many samples lie beyond it.
SAMPLES_BEYOND = 2


def offline(
    infer: Infer, batches: Sequence[Any], min_duration_s: float, clock: Clock = time.perf_counter
) -> tuple[Offline, list[int]]:
    """Run whole passes over equal batches for at least `min_duration_s`.

    Returns the throughput and the predictions of the first pass: those timed are those scored.
    """
    seconds: list[float] = []
    predictions: list[int] = []
    size = len(batches[0])
    while not seconds or sum(seconds) < min_duration_s:
        for batch in batches:
            began = clock()
            answer = infer(batch)
            seconds.append(clock() - began)
            predictions.extend(int(index) for index in answer.argmax(axis=1))
    images = size * len(seconds)
    result = Offline(
        batch_size=size,
        images=images,
        throughput_images_per_s=images / sum(seconds),
        batch_seconds=seconds,
    )
    return result, predictions[: size * len(batches)]


def single_stream(
    infer: Infer,
    queries: Sequence[Any],
    min_duration_s: float,
    min_queries: int,
    clock: Clock = time.perf_counter,
) -> SingleStream:
    """Answer one query at a time until both the duration and the number are reached."""
    seconds: list[float] = []
    while sum(seconds) < min_duration_s or len(seconds) < min_queries:
        query = queries[len(seconds) % len(queries)]
        began = clock()
        infer(query)
        seconds.append(clock() - began)
    return SingleStream(
        queries=len(seconds),
        latency_p50_ms=1000 * float(np.median(seconds)),
        latency_p90_ms=_percentile_ms(seconds, 0.90),
        latency_p99_ms=_percentile_ms(seconds, 0.99),
        query_seconds=seconds,
    )


def turn(
    infer: Infer,
    batches: Sequence[Any],
    min_duration_s: float,
    clock: Clock = time.perf_counter,
) -> list[float]:
    """Run batches, in turn, for at least `min_duration_s` and return the seconds of each."""
    seconds: list[float] = []
    while not seconds or sum(seconds) < min_duration_s:
        batch = batches[len(seconds) % len(batches)]
        began = clock()
        infer(batch)
        seconds.append(clock() - began)
    return seconds


def _percentile_ms(seconds: list[float], quantile: float) -> float | None:
    beyond = math.floor(round(len(seconds) * (1 - quantile), 9))
    if beyond < SAMPLES_BEYOND:
        return None
    return 1000 * sorted(seconds)[-beyond - 1]
