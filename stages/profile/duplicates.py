"""Which cells ran the very same kernels as one at a lower ISA, and need no figures of their own.

This rule alone decides it: both the label that a person reads and the figures follow from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stages.records.measure import Primitive

# Primitives that take a smaller fraction of the time may differ: a softmax over three classes does.
NEGLIGIBLE = 0.001


@dataclass(frozen=True, slots=True)
class Inference:
    """One traced inference over a batch: its primitives in order, and how long it took."""

    primitives: Sequence[Primitive]
    milliseconds: float


def lowest_same(inference: Inference, lower: Mapping[str, Inference]) -> str | None:
    """Return the first ISA of `lower`, lowest first, that ran the same; None if none did."""
    return next((isa for isa, other in lower.items() if ran_the_same(inference, other)), None)


def ran_the_same(one: Inference, other: Inference) -> bool:
    """Return whether the same kernels ran on the same dimensions in the same order."""
    return 0 < len(one.primitives) == len(other.primitives) and all(
        _without_time(a) == _without_time(b)
        or max(a.milliseconds / one.milliseconds, b.milliseconds / other.milliseconds) < NEGLIGIBLE
        for a, b in zip(one.primitives, other.primitives, strict=True)
    )


def _without_time(primitive: Primitive) -> Primitive:
    return replace(primitive, milliseconds=0.0)
