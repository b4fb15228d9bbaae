"""Which measured cells are set against each other, and are to be known closely for it."""

from collections.abc import Collection
from typing import TypeAlias

from stages.isa import ISA_NAMES
from stages.precisions import FP32

PREFERRED_REFERENCE = "AVX512_CORE"
# A precision at an ISA.
CellName: TypeAlias = tuple[str, str]


def isa_reference(isas: Collection[str]) -> str | None:
    """Return the ISA that ISA effects compare with: the preferred one, else the lowest of `isas`.

    None if there are none.
    """
    if PREFERRED_REFERENCE in isas:
        return PREFERRED_REFERENCE
    return next((isa for isa in ISA_NAMES if isa in isas), None)


def pairs_of(cells: Collection[CellName]) -> list[tuple[CellName, CellName]]:
    """Return each pair of `cells` whose ratio a table shows, as (changed, reference).

    That is a precision against FP32 at the same ISA, and an ISA against the reference at the same
    precision.
    """
    reference = isa_reference([isa for _, isa in cells])
    pairs = [
        (cell, other)
        for cell in cells
        for other in ((FP32, cell[1]), (cell[0], reference or ""))
        if other in cells and other != cell
    ]
    return list(dict.fromkeys(pairs))
