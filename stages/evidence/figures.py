"""The figures of a table for spreadsheets, which are checked whatever version wrote its words."""

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path

from stages.errors import InputCorruptError
from stages.files.member import MAX_LOG_BYTES, read_plain
from stages.program.printable import printable
from stages.records.summary import COLUMNS

KEY = ("runtime", "precision", "isa_cap")
KINDS = {column.name: column.kind for column in COLUMNS}
# Another version may write a number with more or fewer digits than it needs.
TOLERANCE = 1e-9
Row = Mapping[str, str]


def require_figures(path: Path, derived: str) -> None:
    """Raise InputCorruptError unless a CSV has the numbers and states that its record gives.

    Cells are found by their names, columns too: another version may have others beside them.
    """
    text = read_plain(path, MAX_LOG_BYTES).decode(errors="backslashreplace")
    recorded, wanted = _rows(path, text), _rows(path, derived)
    if [*recorded] != [*wanted]:
        raise InputCorruptError(f"{path} has other cells than its record; run its stage again")
    for key, row in wanted.items():
        for name, value in row.items():
            found = recorded[key].get(name)
            if found is not None and not _is_alike(name, found, value):
                shown = f"{name} of {' '.join(key)} is {printable(found, 40) or 'empty'}"
                raise InputCorruptError(
                    f"{path}: {shown}, its record gives {value or 'none'}; run its stage again"
                )


def _rows(path: Path, text: str) -> dict[tuple[str, ...], Row]:
    """Return the rows of a table by the names of its cells."""
    try:
        rows = [*csv.DictReader(io.StringIO(text), strict=True, restval="")]
        found: dict[tuple[str, ...], Row] = {tuple(row[name] for name in KEY): row for row in rows}
    except (csv.Error, KeyError):
        raise InputCorruptError(f"{path} is no table of results; run its stage again") from None
    if not rows or len(found) < len(rows) or any(None in row for row in rows):
        raise InputCorruptError(f"{path} is no table of results; run its stage again")
    return found


def _is_alike(name: str, found: str, wanted: str) -> bool:
    """Return whether a value is the one that is wanted; texts are words, which may be others."""
    kind = KINDS.get(name)
    if kind in ("text", "moment", None) and name != "status":
        return True
    if found == wanted:
        return True
    try:
        return kind in ("count", "number") and math.isclose(
            float(found), float(wanted), rel_tol=TOLERANCE
        )
    except ValueError:
        return False
