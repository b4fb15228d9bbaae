"""Which cells ran the very same kernels as one at a lower ISA, and need no figures of their own.

This rule alone decides it: both the label that a person reads and the figures follow from it. Times
have no part in it: one that another process disturbed would decide which cells are measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stages.common.onednn.flops import MULTIPLYING
from stages.records.measure import Primitive


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
    kernels = kernels_of(one.primitives)
    return bool(kernels) and kernels == kernels_of(other.primitives)


def kernels_of(primitives: Sequence[Primitive]) -> list[Primitive]:
    """Return the primitives without their times and without what only names the cap.

    A kernel that multiplies is known by its whole name. Others name the cap behind a colon whether
    or not they do anything else there, as a softmax does in FP16's name: their kind of code counts,
    which is what comes before it.
    """
    return [
        replace(primitive, implementation=_code(primitive), milliseconds=0.0)
        for primitive in primitives
    ]


def _code(primitive: Primitive) -> str:
    if primitive.primitive in MULTIPLYING:
        return primitive.implementation
    return primitive.implementation.partition(":")[0]
