"""Which cells ran the very same as one at a lower isa, and need no figures of their own."""

from collections.abc import Mapping
from dataclasses import replace

from stages.profile.plan import PlannedCell
from stages.profile.proven import Proven
from stages.records.profile import Primitive

# Primitives that take less of the time may differ: a softmax over three classes does.
NEGLIGIBLE = 0.001


def same_as(proven: Mapping[PlannedCell, Proven]) -> dict[PlannedCell, str]:
    """Return the cells that ran the same as one at a lower isa, with the lowest such isa.

    `proven` goes from the lowest isa up.
    """
    first: list[tuple[PlannedCell, Proven]] = []
    found: dict[PlannedCell, str] = {}
    for cell, each in proven.items():
        lower = [
            other.isa
            for other, others in first
            if other.precision == cell.precision and _ran_the_same(each, others)
        ]
        if lower:
            found[cell] = lower[0]
        else:
            first.append((cell, each))
    return found


def _ran_the_same(one: Proven, other: Proven) -> bool:
    """Tell whether the same primitives ran on the same dimensions in the same order."""
    return len(one.primitives) == len(other.primitives) and all(
        _timeless(a) == _timeless(b)
        or max(a.milliseconds / one.traced_ms, b.milliseconds / other.traced_ms) < NEGLIGIBLE
        for a, b in zip(one.primitives, other.primitives, strict=True)
    )


def _timeless(primitive: Primitive) -> Primitive:
    return replace(primitive, milliseconds=0.0)
