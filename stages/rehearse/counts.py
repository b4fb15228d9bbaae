"""What the emulator counted: the one place that knows the form of its files.

Each is a row of records of 208 bytes, little-endian, one for each time that a thread gave its tiles
back: CLOCK_REALTIME in nanoseconds, thread, form, event, then twelve counts of operations, and six
of multiply-accumulates that were useful and six that were possible (emulator/README.md).
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from stages.common.onednn.log import TOLERANCE_MS, Execution
from stages.errors import ProofError
from stages.records.rehearse import Tiles

FORM = 1
RECORD = struct.Struct("<QIHH24Q")
# Places among the twelve operations.
TILELOADD, TILESTORED, FIRST_PRODUCT = 4, 5, 6
OPERATIONS, PRODUCTS = 12, 6
NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True)
class Release:
    """What a thread did with its tiles until it gave them back; `at_ms` is since the epoch."""

    at_ms: float
    tiles: Tiles


def read_counts(path: Path) -> list[Release]:
    """Return the records of all processes that the emulator wrote beside `path`, by time.

    Raises ProofError if a file is cut short or has another form.
    """
    files = sorted(path.parent.glob(f"{path.name}.*"))
    releases = chain.from_iterable(_read(file) for file in files)
    return sorted(releases, key=lambda release: release.at_ms)


def _read(file: Path) -> list[Release]:
    content = file.read_bytes()
    if len(content) % RECORD.size:
        raise ProofError(f"{file.name}: the emulator's counts are cut short; rehearse again")
    return [_release(values, file.name) for values in RECORD.iter_unpack(content)]


def _release(values: Sequence[int], name: str) -> Release:
    nanoseconds, _, form, _, *numbers = values
    if form != FORM:
        raise ProofError(
            f"{name}: the emulator's counts have form {form}, this reads {FORM}; "
            "use the emulator of this version"
        )
    operations, useful, possible = (
        numbers[:OPERATIONS],
        numbers[OPERATIONS : OPERATIONS + PRODUCTS],
        numbers[OPERATIONS + PRODUCTS :],
    )
    tiles = Tiles(
        products=sum(operations[FIRST_PRODUCT:]),
        loads=operations[TILELOADD],
        stores=operations[TILESTORED],
        useful=sum(useful),
        possible=sum(possible),
    )
    return Release(nanoseconds / NS_PER_MS, tiles)


def tiles_of(execution: Execution, releases: Iterable[Release]) -> Tiles | None:
    """Return what all threads did with tiles while a primitive ran, None if nothing.

    A thread gives its tiles back before the primitive that it works for ends.
    """
    begin = execution.start_ms - TOLERANCE_MS
    end = execution.start_ms + execution.milliseconds + TOLERANCE_MS
    within = [release.tiles for release in releases if begin <= release.at_ms <= end]
    return total(within) if within else None


def total(parts: Sequence[Tiles]) -> Tiles:
    """Return the sum of counts."""
    return Tiles(
        products=sum(part.products for part in parts),
        loads=sum(part.loads for part in parts),
        stores=sum(part.stores for part in parts),
        useful=sum(part.useful for part in parts),
        possible=sum(part.possible for part in parts),
    )
