"""Which measured cells are set against each other, and are to be known closely for it."""

from collections.abc import Collection, Mapping
from typing import TypeAlias

from stages.isa import ISA_NAMES
from stages.precisions import FP32

PREFERRED_REFERENCE = "AVX512_CORE"
# A precision at an ISA; and a cell whose ratio to another one a table shows.
CellName: TypeAlias = tuple[str, str]
Pair: TypeAlias = tuple[CellName, CellName]


def isa_reference(isas: Collection[str]) -> str | None:
    """Return the ISA that ISA effects compare with: the preferred one, else the lowest of `isas`.

    None if there are none.
    """
    if PREFERRED_REFERENCE in isas:
        return PREFERRED_REFERENCE
    return next((isa for isa in ISA_NAMES if isa in isas), None)


def pairs_of(shown: Mapping[CellName, CellName]) -> list[Pair]:
    """Return each pair of measured cells whose ratio a table shows, as (changed, reference).

    `shown` are the cells of the table, each with the cell that its figures are of: itself, or the
    one that runs the same kernels. A ratio is of a precision to FP32 at the same ISA, or of an ISA
    to the reference at the same precision.
    """
    reference = isa_reference([isa for _, isa in shown])
    pairs = [
        (shown[cell], shown[other])
        for cell in shown
        for other in ((FP32, cell[1]), (cell[0], reference or ""))
        if other in shown and shown[other] != shown[cell]
    ]
    return list(dict.fromkeys(pairs))
