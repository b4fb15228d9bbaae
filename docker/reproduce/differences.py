"""What differs between two builds of a layer, file by file."""

from collections.abc import Sequence
from itertools import zip_longest

ANOTHER_ORDER = "the same files in another order"
FIELDS = ("type", "mode", "owner", "time", "size", "content")
MAX_SHOWN = 20


def differences(expected: Sequence[str], actual: Sequence[str]) -> list[str]:
    """Return a line for each file that differs between two listings of a layer."""
    before, after = _by_path(expected), _by_path(actual)
    paths = sorted(before.keys() | after.keys())
    lines = [
        _difference(path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    ]
    if not lines and list(expected) != list(actual):
        return [ANOTHER_ORDER]
    return lines


def shortened(lines: Sequence[str]) -> list[str]:
    """Return at most MAX_SHOWN lines, and one that says how many more there are."""
    left = len(lines) - MAX_SHOWN
    return [*lines[:MAX_SHOWN], f"and {left} more"] if left > 0 else list(lines)


def _by_path(listing: Sequence[str]) -> dict[str, list[str]]:
    rows = (line.split("\t") for line in listing)
    return {path: fields for path, *fields in rows}


def _difference(path: str, before: list[str] | None, after: list[str] | None) -> str:
    if after is None:
        return f"missing  {path}"
    if before is None:
        return f"new      {path}"
    fields = zip_longest(FIELDS, before, after, fillvalue="-")
    changed = ", ".join(f"{name} {old} became {new}" for name, old, new in fields if old != new)
    return f"changed  {path}: {changed}"
