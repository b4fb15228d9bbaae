"""Read the JSON of a record as something that anyone may have written.

What JSON allows and no record has is refused: names that are there twice, unknown or missing ones,
numbers that no computation can take, halves of characters.
"""

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

from stages.program.printable import printable
from stages.records.fields import ADDED

RecordT = TypeVar("RecordT")
# A record of MLPerf's longest runs has some 10^7 samples, at about 30 bytes each.
MAX_BYTES = 256 * 2**20
MAX_VALUES = 20_000_000
# Numbers beyond these can't be multiplied or divided without overflow; no figure comes near them.
MAX_NUMBER, MIN_NUMBER = 1e18, 1e-100
MAX_SHOWN = 200
# What would fill the line, so that the place, behind it, were cut off.
_FORM = re.compile(r" matching regex '.*'", re.DOTALL)


class ReadError(ValueError):
    """What is wrong with the text of a record, in a few printable words."""

    def __init__(self, problem: str) -> None:
        super().__init__(printable(problem, MAX_SHOWN))


def parse(content: bytes) -> Any:
    """Return what the text of a record holds; ReadError if no record may hold it."""
    if len(content) > MAX_BYTES or _count_values(content) > MAX_VALUES:
        raise ReadError("it is too large")
    try:
        return json.loads(
            content.decode("utf-8"), object_pairs_hook=_named_once, parse_constant=_refuse
        )
    except RecursionError:
        raise ReadError("it is too deeply nested") from None
    except ReadError:
        raise
    except ValueError as error:  # of JSON, UTF-8, or a number with thousands of digits
        raise ReadError(str(error)) from None


def convert(raw: Any, kind: type[RecordT]) -> RecordT:
    """Return the record of type `kind` that was parsed; ReadError if it is none."""
    try:
        record = msgspec.convert(raw, kind)
    except UnicodeEncodeError:
        raise ReadError("it has half a character") from None
    except (msgspec.MsgspecError, ArithmeticError, RecursionError, ValueError) as error:
        raise ReadError(_FORM.sub(" of another form", str(error))) from None
    for problem in _problems(raw, record, "$"):
        raise ReadError(problem)
    return record


def _count_values(content: bytes) -> int:
    return sum(map(content.count, (b",", b"[", b"{")))


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) < len(pairs):
        (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ReadError(f"`{name}` is there twice")
    return named


def _refuse(constant: str) -> Any:
    raise ReadError(f"{constant} is no number")


def _problems(raw: Any, record: Any, place: str) -> Iterator[str]:
    """Yield what the types of a record's fields don't show of the JSON that it was read from."""
    if isinstance(raw, list):
        yield from _problems_of_list(raw, record, place)
    elif isinstance(raw, dict):
        yield from _problems_of_names(raw, record, place)
        for name, value in raw.items():
            if not _is_usable(value):
                part = record[name] if isinstance(record, dict) else getattr(record, name)
                yield from _problems(value, part, f"{place}.{name}")
    elif isinstance(raw, str):
        if not _is_whole(raw):
            yield f"half a character - at `{place}`"
    elif raw is not None and not _is_usable(raw):
        yield f"{raw} is out of range - at `{place}`"


def _problems_of_list(raw: list[Any], record: Any, place: str) -> Iterator[str]:
    numbers = not any(isinstance(value, list | dict | str) for value in raw[:1])
    if numbers and all(map(_is_usable, raw)):
        return
    for index, pair in enumerate(zip(raw, record, strict=True)):
        yield from _problems(*pair, f"{place}[{index}]")


def _problems_of_names(raw: dict[str, Any], record: Any, place: str) -> Iterator[str]:
    if isinstance(record, dict):
        yield from (f"half a character - at `{place}`" for name in raw if not _is_whole(name))
        return
    known = field_names(record)
    yield from (f"unknown field `{name}` - at `{place}`" for name in raw if name not in known)
    needed = known - added_names(record.__class__)
    yield from (f"no field `{name}` - at `{place}`" for name in sorted(needed) if name not in raw)


def field_names(record: Any) -> set[str]:
    """Return the names of a record's fields."""
    if isinstance(record, msgspec.Struct):
        return set(record.__struct_fields__)
    return {field.name for field in dataclasses.fields(record)}


@cache
def added_names(kind: type) -> frozenset[str]:
    """Return the fields of a class that older records of the same schema version lack."""
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(
        name
        for name, hint in hints.items()
        for meta in getattr(hint, "__metadata__", ())
        if isinstance(meta, msgspec.Meta) and ADDED in (meta.extra_json_schema or {})
    )


def _is_usable(value: Any) -> bool:
    """Return whether a value that is no list, object or text can be computed with."""
    if isinstance(value, list | dict | str):
        return False
    return value is None or value == 0 or MIN_NUMBER <= abs(value) <= MAX_NUMBER


def _is_whole(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
