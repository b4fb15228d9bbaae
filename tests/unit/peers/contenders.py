"""Contenders for tests, with only what a test cares about spelled out."""

from stages.peers.ratios import figures_of
from stages.records.peers import Contender


def measured(
    backend: str,
    precision: str,
    seconds: dict[int, list[list[float]]],
    accuracy: float = 0.9,
) -> Contender:
    """Return a contender with the seconds of its batches, by batch size and round."""
    return Contender(
        backend=backend,
        precision=precision,
        versions={"python": "3.11.2", backend: "1.0"},
        accuracy_top1=accuracy,
        figures=[figures_of(size, [*rounds]) for size, rounds in seconds.items()],
    )


def missing(backend: str, precision: str, reason: str) -> Contender:
    """Return a contender that could not run."""
    return Contender(backend=backend, precision=precision, missing=reason)
