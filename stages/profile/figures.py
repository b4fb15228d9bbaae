"""From what the workers answered to the figures of each cell."""

import math
from collections.abc import Sequence
from statistics import median

from stages.measure.intervals import interval
from stages.profile.rounds import Taken
from stages.profile.validity import judge
from stages.records.profile import Accuracy, Measurement, Offline, Run, SingleStream
from stages.runtime import accuracy_top1

# A percentile is given only where at least this many samples lie beyond it.
SAMPLES_BEYOND = 2


def measurement(
    taken: Taken, batch_size: int, labels: Sequence[int], fp32: Taken | None
) -> Measurement:
    """Return the figures of a cell on images of these `labels`; it is to agree with `fp32`."""
    offline, stream = taken.runs["offline"], taken.runs["single_stream"]
    return Measurement(
        offline=Offline(
            batch_size=batch_size,
            throughput_images_per_s=interval([run.rate_per_s for run in offline]),
            runs=offline,
        ),
        single_stream=single_stream(stream),
        accuracy=Accuracy(
            top1=accuracy_top1(taken.predictions, labels),
            predictions=taken.predictions,
            agreement_fp32=agreement(taken.predictions, fp32.predictions) if fp32 else None,
            log=taken.accuracy_log,
        ),
        validity=judge(offline, stream),
        load_seconds=taken.load_seconds,
        server=taken.server,
    )


def single_stream(runs: list[Run]) -> SingleStream:
    """Return the latencies of all queries of all rounds."""
    seconds = [each for run in runs for each in run.seconds]
    return SingleStream(
        queries=len(seconds),
        latency_p50_ms=interval(medians_ms(runs)),
        latency_p90_ms=_percentile_ms(seconds, 0.90),
        latency_p99_ms=_percentile_ms(seconds, 0.99),
        runs=runs,
    )


def medians_ms(runs: Sequence[Run]) -> list[float]:
    """Return the median seconds of each run, in milliseconds."""
    return [1000 * median(run.seconds) for run in runs]


def agreement(predictions: Sequence[int], others: Sequence[int]) -> float:
    """Return the share of images that both give the same class."""
    same = [a == b for a, b in zip(predictions, others, strict=True)]
    return sum(same) / len(same)


def _percentile_ms(seconds: list[float], quantile: float) -> float | None:
    beyond = math.floor(round(len(seconds) * (1 - quantile), 9))
    if beyond < SAMPLES_BEYOND:
        return None
    return 1000 * sorted(seconds)[-beyond - 1]
