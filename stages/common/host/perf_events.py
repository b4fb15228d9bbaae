"""Counters of the processor, read if the kernel and the machine let this process do so.

AMX_BUSY counts the cycles in which the tile unit worked (Intel's event EXE.AMX_BUSY). A hypervisor
that filters events lets them be opened and counts nothing, without an error; so what they count is
believed only if they count a known tile product, in a child, and nothing without one.
Neither a processor with the event nor an emulator of it has run this yet: the mechanism was tried
with the kernel's own events.
`python -m stages.common.host.perf_events` is the child; it may die by a signal.
"""

import ctypes
import errno
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from stages.common.host.amx_probe import int8_product, keep_multiplying
from stages.common.host.facts import cpu_fields, cpu_flags
from stages.records.measure import AmxBusy

T = TypeVar("T")
TASKS = Path("/proc/self/task")
SYS_PERF_EVENT_OPEN = 298
PERF_TYPE_HARDWARE, PERF_TYPE_RAW = 0, 4
# With the times enabled and running: of many events, each counts for a part of the time only.
READ_FORMAT = 0b11
# Only this process' own code counts, which is what the kernel lets most users count.
EXCLUDE_KERNEL, EXCLUDE_HYPERVISOR = 1 << 5, 1 << 6
# Threads that are started later count, too.
INHERIT = 1 << 1
ATTRIBUTES = struct.Struct("IIQQQQQIIQ")
READING = struct.Struct("QQQ")
# Long enough for events that take turns on a counter, which they do every 1 to 4 ms.
PROBE_S = 0.05
CHILD_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Event:
    """What perf_event_open(2) is asked to count."""

    type: int
    config: int


CYCLES = Event(PERF_TYPE_HARDWARE, 0)
AMX_BUSY = Event(PERF_TYPE_RAW, 0x02B7)


@dataclass(frozen=True, slots=True)
class TileCounts:
    """What was counted around known work: without tiles, then with them."""

    busy_without: float
    busy_with: float
    cycles: float


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the count of AMX's work can be believed here.

    `opened` is false if there is nothing to read; `why_not` is empty if the count is right.
    """

    opened: bool
    why_not: str = ""


class Counters:
    """Counts events in all threads of this process, and what they start, until it is closed.

    Raises OSError if they can't be counted here.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        threads = [int(task.name) for task in TASKS.iterdir()]
        with ExitStack() as opened:
            self._counters = [*zip(*_open_all(events, threads, opened), strict=True)]
            self._opened = opened.pop_all()

    def __enter__(self) -> "Counters":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def read(self) -> list[float]:
        """Return each event's count so far; OSError if one was never counted while threads ran."""
        return [total([*map(_read, counters)]) for counters in self._counters]


def amx_busy(work: Callable[[], T]) -> tuple[T, AmxBusy]:
    """Return what `work` returns, and how busy it kept the tile unit, or why that is not known."""
    trust = trust_in_count()
    if trust.why_not:
        subject = "the counter " if trust.opened else ""
        return work(), AmxBusy(missing=f"{subject}{trust.why_not}")
    try:
        counters = Counters((AMX_BUSY, CYCLES))
    except OSError as error:
        return work(), AmxBusy(missing=f"perf_event_open: {error.strerror}")
    with counters:
        result = work()
        try:
            busy, cycles = counters.read()
        except OSError as error:
            return result, AmxBusy(missing=f"the counters can't be read: {error.strerror}")
    if not cycles:
        return result, AmxBusy(missing="no cycle was counted")
    return result, AmxBusy(busy_cycles=busy, cycles=cycles)


def trust_in_count() -> Trust:
    """Return whether the events of `amx_busy` count known work here as they should."""
    missing = _why_no_event() or _why_refused()
    if missing:
        return Trust(opened=False, why_not=missing)
    counted = count_known_work()
    if isinstance(counted, str):
        return Trust(opened=False, why_not=counted)
    return Trust(opened=True, why_not=_why_wrong(counted))


def _why_no_event() -> str:
    if "amx_tile" not in cpu_flags():
        return "no amx_tile flag"
    vendor = cpu_fields().get("vendor_id", "unknown")
    return "" if vendor == "GenuineIntel" else f"the event is Intel's, this CPU is of {vendor}"


def _why_refused() -> str:
    try:
        with Counters((AMX_BUSY, CYCLES)):
            return ""
    except OSError as error:
        return f"perf_event_open: {error.strerror}"


def _why_wrong(counted: TileCounts) -> str:
    """Return what is wrong with what was counted around known work, empty if nothing."""
    filtered = ": filtered by the hypervisor" if "hypervisor" in cpu_flags() else ""
    if not counted.cycles:
        return f"is there but counts no cycles{filtered}"
    if not counted.busy_with:
        return f"is there but counts nothing{filtered}"
    return "counts other work than that of tiles" if counted.busy_without else ""


@cache
def count_known_work() -> TileCounts | str:
    """Return what a child counted around known work, or why it could not."""
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=CHILD_TIMEOUT_S
        )
        if done.returncode < 0:
            return f"a tile product ended by {signal.Signals(-done.returncode).name}"
        return msgspec.json.decode(done.stdout, type=TileCounts | str)
    except subprocess.TimeoutExpired:
        return f"counting a tile product took over {CHILD_TIMEOUT_S} s"
    except ValueError:
        return "a tile product could not be counted"


def _count_tiles() -> TileCounts | str:
    try:
        with Counters((AMX_BUSY, CYCLES)) as counters:
            int8_product()
            without, _ = counters.read()
            keep_multiplying("tdpbssd", PROBE_S)
            both, cycles = counters.read()
    except OSError as error:
        return f"the counters can't be read: {error.strerror}"
    return TileCounts(without, both - without, cycles)


def _open_all(
    events: Sequence[Event], threads: Sequence[int], opened: ExitStack
) -> Iterator[list[int]]:
    """Open all events thread by thread, so that those of one thread begin to count together."""
    for thread in threads:
        try:
            yield [_open(event, thread, opened) for event in events]
        except ProcessLookupError:  # it ended since it was listed
            continue


def _open(event: Event, thread: int, opened: ExitStack) -> int:
    flags = EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR | INHERIT
    size = ATTRIBUTES.size
    attributes = ATTRIBUTES.pack(event.type, size, event.config, 0, 0, READ_FORMAT, flags, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    counter = libc.syscall(SYS_PERF_EVENT_OPEN, attributes, thread, -1, -1, 0)
    if counter < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    opened.callback(os.close, counter)
    return int(counter)


def _read(counter: int) -> tuple[int, int, int]:
    """Return the count of one thread, and for how many ns it was enabled and counting."""
    reading = os.read(counter, READING.size)
    if len(reading) < READING.size:  # as for an event that could not be scheduled at all
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    value, enabled, running = READING.unpack(reading)
    return value, enabled, running


def total(readings: Sequence[tuple[int, int, int]]) -> float:
    """Return the count of all threads from their (count, ns enabled, ns counting).

    A thread that slept was not enabled, and adds nothing. Raises OSError if a thread ran and
    nothing was counting meanwhile, or if none did: then the sum is not 0 but unknown.
    """
    ran = [reading for reading in readings if any(reading)]
    if not ran or not all(running for _, _, running in ran):
        raise OSError(errno.EBUSY, "no counter of the processor was free")
    return sum(float(value * enabled / running) for value, enabled, running in ran)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_count_tiles()))
