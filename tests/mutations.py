"""Records with one field that is odd: none may bring a stage down, or change a figure unnoticed.

For each field of each record that a bundle has, each of some odd values takes its place, by someone
who makes all hashes fit again.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stages.files.checksums import CHECKSUMS, write_checksums
from tests.unit.evidence.parts import refit

ARTIFACTS = "artifacts"
# As JSON, as some of them are not what Python's writer makes.
VALUES = (
    *("null", "true", "[]", "{}", '""', "0", "-1", "1", "0.5", "2", "1e300", "1e999", "NaN"),
    *("5e-324", "9" * 400, '"\\ud800"', '"\\u001b[2J\\nverify: well"', '"../../etc/passwd"'),
    *('"' + "x" * 5000 + '"', "[[]]", "[0, 1]", '[{"a": 1}]', '{"a": 1}', '"$x_{$"'),
)
# Takes the place of a value, and is replaced in the text by an odd one.
MARK = "@odd@"
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One field of a record, and what is in its place."""

    record: str
    place: Place
    value: str

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"{self.record} {'.'.join(map(str, self.place))} = {self.value[:30]}"


def mutations(bundle: Path) -> Iterator[Mutation]:
    """Yield all mutations of the records in the folder of a bundle; items of a list are alike."""
    for path in sorted((bundle / ARTIFACTS).glob("*/*.json")):
        record = path.relative_to(bundle / ARTIFACTS).as_posix()
        raw = json.loads(path.read_text())
        for place in places(raw):
            yield from (
                Mutation(record, place, value) for value in VALUES if _differs(raw, place, value)
            )


def places(raw: Any) -> Iterator[Place]:
    """Yield the place of one field, list, object or item of each kind."""
    seen = set()
    for place in _places(raw, ()):
        kind = re.sub(r"\.\d+", "[]", ".".join(map(str, place)))
        if kind not in seen:
            seen.add(kind)
            yield place


def _places(value: Any, place: Place) -> Iterator[Place]:
    items: Any = value.items() if isinstance(value, dict) else ()
    for key, part in enumerate(value) if isinstance(value, list) else items:
        yield (*place, key)
        yield from _places(part, (*place, key))


def _differs(raw: Any, place: Place, value: str) -> bool:
    for key in place:
        raw = raw[key]
    try:
        return bool(json.loads(value) != raw)
    except ValueError:
        return True


def mutated(bundle: Path, mutation: Mutation) -> Callable[[], None]:
    """Put the odd value in its place, in the folder of a bundle, and return what takes it out."""
    path = bundle / ARTIFACTS / mutation.record
    before = {file: file.read_bytes() for file in _files(bundle)}
    raw = json.loads(path.read_text())
    part = raw
    for key in mutation.place[:-1]:
        part = part[key]
    part[mutation.place[-1]] = MARK
    path.write_text(json.dumps(raw).replace(f'"{MARK}"', mutation.value))
    refit(bundle, path)
    (bundle / CHECKSUMS).unlink()
    write_checksums(bundle)
    return partial(_restore, before)


def _restore(before: dict[Path, bytes]) -> None:
    for path, content in before.items():
        path.write_bytes(content)


def _files(bundle: Path) -> list[Path]:
    """Return what a mutation may change: records, tables with their hashes, lists of checksums."""
    kinds = {".json", ".csv", ".md"}
    return [path for path in bundle.rglob("*") if path.suffix in kinds or path.name == CHECKSUMS]
