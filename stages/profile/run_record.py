"""The record of a run: what the tests of all its instances gave, combined by one rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.profile.counting import disturbances
from stages.records.measure import Batches, Interference, Run


@dataclass(frozen=True, slots=True)
class LoadGenResult:
    """What LoadGen says of one instance's test.

    `reasons` say why it is invalid, empty if it is not; `rate_per_s` is its figure: images offline,
    queries in a single stream.
    """

    reasons: list[str]
    rate_per_s: float


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which all instances ran.

    `images_per_s` is what they did in it together, `overlap` the fraction (0 to 1) that it is of
    the time from the first instance's start to the last one's end.
    """

    images_per_s: float
    overlap: float


def run_record(
    number: int,
    instances: list[Batches],
    results: Sequence[LoadGenResult],
    interference: Interference,
    batch_size: int,
) -> Run:
    """Return the record of a turn in round `number`, which does not count yet.

    It is made from each instance's batches and LoadGen's result. The rate of a single instance is
    LoadGen's; that of several is what they did while all ran.
    """
    reasons = sorted({reason for result in results for reason in result.reasons})
    window = joint_window(instances, batch_size)
    return Run(
        round=number,
        valid=not reasons,
        reasons=reasons,
        rate_per_s=results[0].rate_per_s if len(results) == 1 else window.images_per_s,
        overlap=window.overlap,
        interference=interference,
        disturbed_by=disturbances(interference),
        counts=False,
        instances=instances,
    )


def joint_window(instances: Sequence[Batches], batch_size: int) -> Window:
    """Return what instances did while all of them ran; a batch that was cut counts in part."""
    begins = [batches.ended_s[0] - batches.seconds[0] for batches in instances]
    ends = [batches.ended_s[-1] for batches in instances]
    begin, end = max(begins), min(ends)
    length = max(0.0, end - begin)
    batches_within = sum(
        _fraction_within(ended - seconds, ended, begin, end)
        for batches in instances
        for seconds, ended in zip(batches.seconds, batches.ended_s, strict=True)
    )
    return Window(
        images_per_s=batch_size * batches_within / length if length else 0.0,
        overlap=length / (max(ends) - min(begins)),
    )


def seconds_together(instances: Sequence[Batches]) -> list[float]:
    """Return the seconds of the batches of which at least half ran while all instances did."""
    begin = max(batches.ended_s[0] - batches.seconds[0] for batches in instances)
    end = min(batches.ended_s[-1] for batches in instances)
    return [
        batch_s
        for batches in instances
        for batch_s, ended in zip(batches.seconds, batches.ended_s, strict=True)
        if _fraction_within(ended - batch_s, ended, begin, end) >= 0.5
    ]


def _fraction_within(begin: float, end: float, after: float, before: float) -> float:
    """Return which fraction of the time from `begin` to `end` lies from `after` to `before`."""
    within = min(end, before) - max(begin, after)
    return max(0.0, within) / (end - begin)
