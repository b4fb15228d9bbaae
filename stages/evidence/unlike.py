"""The fields in which two records differ."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec

# Far below what a person reads of a figure, far above what rounding in another NumPy changes.
TOLERANCE = 1e-9
MAX_SHOWN = 60


def unlike(recorded: Any, derived: Any) -> list[str]:
    """Return a line for each field in which a record differs from the one that its samples give."""
    return list(_unlike("", msgspec.to_builtins(recorded), msgspec.to_builtins(derived)))


def _unlike(field: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for name in one:
            yield from _unlike(f"{field}.{name}" if field else name, one[name], other[name])
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from _unlike(f"{field}[{index}]", *pair)
    elif not _same(one, other):
        yield f"{field} is {_short(one)}, its samples give {_short(other)}"


def _same(one: Any, other: Any) -> bool:
    numbers = all(isinstance(value, int | float) for value in (one, other))
    if numbers and any(isinstance(value, float) for value in (one, other)):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)


def _short(value: Any) -> str:
    text = repr(value)
    if len(text) <= MAX_SHOWN:
        return text
    closing = text[-1] if isinstance(value, str) else ""
    return f"{text[: MAX_SHOWN - 3]}...{closing}"
