"""What differs between two builds of a layer, file by file."""

from collections.abc import Sequence

ANOTHER_ORDER = "the same files in another order"
FIELDS = ("type", "mode", "owner", "time", "size", "content")
MOST_SHOWN = 20


def differences(expected: Sequence[str], found: Sequence[str]) -> list[str]:
    """Return a line for each file that differs between two listings of a layer."""
    before, after = _by_path(expected), _by_path(found)
    lines = []
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            lines.append(f"missing  {path}")
        elif path not in before:
            lines.append(f"new      {path}")
        elif before[path] != after[path]:
            lines.append(f"changed  {path}: {_fields(before[path], after[path])}")
    if not lines and list(expected) != list(found):
        return [ANOTHER_ORDER]
    return lines


def shortened(lines: Sequence[str]) -> list[str]:
    """Return no more lines than a person reads, the last of which tells how many are left out."""
    left = len(lines) - MOST_SHOWN
    return [*lines[:MOST_SHOWN], f"and {left} more"] if left > 0 else list(lines)


def _by_path(listing: Sequence[str]) -> dict[str, list[str]]:
    rows = (line.split("\t") for line in listing)
    return {path: fields for path, *fields in rows}


def _fields(before: list[str], after: list[str]) -> str:
    pairs = zip(FIELDS, before, after, strict=True)
    return ", ".join(f"{name} {old} became {new}" for name, old, new in pairs if old != new)
