"""Cells that have the figures of another, at a lower cap, as the same kernels ran at both."""

from collections.abc import Iterable

from stages.compare.cautions import Judged, is_derived
from stages.compare.effects import CellKey


def same_rows(cells: Iterable[tuple[CellKey, Judged]], *, named: bool) -> list[tuple[str, str]]:
    """Return such cells in words, by what their verdict names; runtimes are in it if `named`."""
    caps: dict[tuple[str, str, str], list[str]] = {}
    for key, cell in cells:
        if is_derived(cell):
            caps.setdefault((cell.verdict, key.precision, key.runtime), []).append(key.isa)
    return [
        (
            verdict,
            f"{' '.join([precision, *([runtime] if named else [])])} at {' '.join(isas)}: the same "
            "kernels, so the same figures",
        )
        for (verdict, precision, runtime), isas in caps.items()
    ]
