"""The notes below the points of a sweep: what was left out, what is invalid and why, what ran."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from stages.common.reasons import FORCE, MORE, Named, alike, from_to, numbered
from stages.records.sweep import SweepRecord, SweptCell
from stages.sweep.words import in_words, layout_in_short, points_in_words

MAX_KERNELS = 4
# How a sweep is measured again, in place of how a profile is.
INSTEAD = {MORE: "give more --rounds", FORCE: "--force sweep"}
# The numbers of the notes on a point, by its name.
Numbers: TypeAlias = Mapping[str, Sequence[int]]


def notes(record: SweepRecord) -> Iterator[tuple[str, str]]:
    """Yield what was left out, what is invalid and why, and which kernels ran."""
    for line in record.left_out:
        yield "left out", line
    for cell in record.cells:
        if cell.impossible:
            yield f"not run: {cell.precision}", cell.impossible
    for number, group in enumerate(_doubts(record), 1):
        why = _of_sweeps(from_to(group))
        yield f"[{number}]", f"{len(group)} of {points_in_words(len(record.points))}: {why}"
    if record.groups > 1:
        yield "groups", _of_groups(record)
    for cell in record.cells:
        if cell.proofs:
            yield f"ran {cell.precision}", "; ".join(_kernels(cell))


def _of_sweeps(text: str) -> str:
    for of_profile, of_sweep in INSTEAD.items():
        text = text.replace(of_profile, of_sweep)
    return text


def _doubts(record: SweepRecord) -> list[list[Named]]:
    """Return why points are invalid, with all points that a reason is of together."""
    return alike(
        [
            (in_words(point.name), reason)
            for point in record.points
            for reason in point.validity.reasons
        ]
    )


def numbers_of(record: SweepRecord) -> Numbers:
    """Return the numbers of the notes on each point that is invalid, by its name."""
    return numbered(_doubts(record))


def _of_groups(record: SweepRecord) -> str:
    name = record.reference
    return (
        f"memory held the points in {record.groups} groups, one after the other, each with "
        f"{name.precision} {layout_in_short(name.layout)} at {name.batch_size}; points of two "
        "groups shared no rounds"
    )


def _kernels(cell: SweptCell) -> Iterator[str]:
    """Yield the batch sizes that ran the same kernels, together, with their names."""
    sizes: dict[tuple[str, ...], list[int]] = {}
    for it in cell.proofs:
        names = {f"{kernel.implementation} {kernel.data_type}" for kernel in it.proof.kernels}
        sizes.setdefault(tuple(sorted(names)), []).append(it.batch_size)
    for ran, own in sizes.items():
        where = "at all batch sizes" if len(sizes) == 1 else f"at {', '.join(map(str, own))}"
        more = f" and {len(ran) - MAX_KERNELS} more" if len(ran) > MAX_KERNELS else ""
        yield f"{', '.join(ran[:MAX_KERNELS])}{more} {where}"
