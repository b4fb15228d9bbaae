"""The fields in which two records differ."""

import math
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

import msgspec

from stages.records.reading import added_names, field_names

# Far below what a person reads of a figure, far above what rounding in another NumPy changes.
TOLERANCE = 1e-9
MAX_SHOWN = 60


def unlike(recorded: Any, derived: Any, written: Any = None) -> list[str]:
    """Return a line for each field in which a record differs from the one that its samples give.

    With `written`, the JSON of the record, fields that came to the schema since are left out: an
    older version did not know them.
    """
    return list(_unlike("", *(_as_written(one, written) for one in (recorded, derived))))


def _as_written(value: Any, written: Any) -> Any:
    """Return a value as JSON has it, without the fields that `written` lacks and may lack."""
    if isinstance(written, dict) and (is_dataclass(value) or isinstance(value, msgspec.Struct)):
        may_lack = added_names(value.__class__)
        names = [name for name in field_names(value) if name in written or name not in may_lack]
        return {name: _as_written(getattr(value, name), written.get(name)) for name in names}
    if isinstance(written, dict) and isinstance(value, dict):
        return {name: _as_written(part, written.get(name)) for name, part in value.items()}
    if _is_of_records(written) and isinstance(value, list) and len(value) == len(written):
        return [_as_written(*pair) for pair in zip(value, written, strict=True)]
    return msgspec.to_builtins(value)


def _is_of_records(written: Any) -> bool:
    return isinstance(written, list) and any(isinstance(part, dict | list) for part in written[:1])


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
