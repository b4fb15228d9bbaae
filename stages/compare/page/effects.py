"""Precision effects and effects of caps, each in a table of its own."""

from dataclasses import dataclass
from itertools import compress

from stages.common.headline import is_invalid
from stages.compare.cautions import is_derived
from stages.compare.page.answer import ratio_of
from stages.compare.page.seen import Seen
from stages.compare.steps import Step, steps_of
from stages.isa import get_isa
from stages.precisions import FP32, get_precision
from stages.records.base import Interval


@dataclass(frozen=True, slots=True)
class Effect:
    """What changed against what, as a ratio with its interval; what is to be said of it, if any.

    It is INVALID if images/s of either are; a ratio of these has nothing of latencies.
    """

    changed: str
    against: str
    ratio: str
    remark: str


@dataclass(frozen=True, slots=True)
class Effects:
    """Precisions at one cap; caps at one precision against the reference; each cap's own part."""

    precision: list[Effect]
    isa: list[Effect]
    steps: list[Effect]
    reference: str


def effects(seen: Seen) -> Effects:
    """Return all effects of cells that were timed."""
    return Effects(
        precision=_of_precisions(seen),
        isa=_of_isas(seen),
        steps=[_of_step(seen, it) for own in seen.profiles for it in steps_of(own.record)],
        reference=get_isa(seen.record.isa_reference).label,
    )


def _of_precisions(seen: Seen) -> list[Effect]:
    return [
        _effect(seen, row.runtime, (row.precision, row.isa), (FP32, row.isa), row.precision_speedup)
        for row in seen.record.rows
        if row.precision != FP32 and not is_derived(row)
    ]


def _of_isas(seen: Seen) -> list[Effect]:
    reference = seen.record.isa_reference
    return [
        _effect(
            seen,
            row.runtime,
            (row.precision, row.isa),
            (row.precision, reference),
            row.isa_speedup,
        )
        for row in seen.record.rows
        if row.isa != reference and not is_derived(row) and row.isa_speedup
    ]


def _of_step(seen: Seen, step: Step) -> Effect:
    changed, against = (step.precision, step.isa), (step.precision, step.below)
    return _effect(seen, step.runtime, changed, against, step.ratio)


def _effect(
    seen: Seen,
    runtime: str,
    changed: tuple[str, str],
    against: tuple[str, str],
    ratio: Interval | None,
) -> Effect:
    rows = {(row.runtime, row.precision, row.isa): row for row in seen.record.rows}
    both = [rows.get((runtime, *cell)) for cell in (changed, against)]
    return Effect(
        changed=seen.cell_name(*changed, runtime),
        against=f"{get_precision(against[0]).label} at {get_isa(against[1]).label}",
        ratio=ratio_of(seen, ratio, runtime) or "not measured",
        remark=", ".join(
            compress(
                ("INVALID", "no difference shown"),
                (
                    any(row and is_invalid(row.reasons, "offline") for row in both),
                    ratio is not None and ratio.low <= 1 <= ratio.high,
                ),
            )
        ),
    )
