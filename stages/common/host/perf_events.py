"""Counters of the processor, read if the kernel and the machine let this process do so.

AMX_BUSY counts the cycles in which the tile unit worked (Intel's event EXE.AMX_BUSY). No machine
with it has run this yet: the mechanism was tried with the kernel's own events.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

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
ATTRIBUTES = struct.Struct("IIQQQQQIIQ")
READING = struct.Struct("QQQ")


@dataclass(frozen=True, slots=True)
class Event:
    """What perf_event_open(2) is asked to count."""

    type: int
    config: int


CYCLES = Event(PERF_TYPE_HARDWARE, 0)
AMX_BUSY = Event(PERF_TYPE_RAW, 0x02B7)


class Counters:
    """Counts events in all threads that this process has when it is made, until it is closed.

    Raises OSError if they can't be counted here.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        threads = [int(task.name) for task in TASKS.iterdir()]
        with ExitStack() as opened:
            self._counters = [
                [_open(event, thread, opened) for thread in threads] for event in events
            ]
            self._opened = opened.pop_all()

    def __enter__(self) -> "Counters":
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def read(self) -> list[float]:
        """Return each event's count so far."""
        return [sum(map(_read, counters)) for counters in self._counters]


def amx_busy(work: Callable[[], T]) -> tuple[T, AmxBusy]:
    """Return what `work` returns, and how busy it kept the tile unit, or why that is not known."""
    missing = _why_no_event()
    if missing:
        return work(), AmxBusy(missing=missing)
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


def _why_no_event() -> str:
    if "amx_tile" not in cpu_flags():
        return "no amx_tile flag"
    vendor = cpu_fields().get("vendor_id", "unknown")
    return "" if vendor == "GenuineIntel" else f"the event is Intel's, this CPU is of {vendor}"


def _open(event: Event, thread: int, opened: ExitStack) -> int:
    flags = EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR
    size = ATTRIBUTES.size
    attributes = ATTRIBUTES.pack(event.type, size, event.config, 0, 0, READ_FORMAT, flags, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    counter = libc.syscall(SYS_PERF_EVENT_OPEN, attributes, thread, -1, -1, 0)
    if counter < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    opened.callback(os.close, counter)
    return int(counter)


def _read(counter: int) -> float:
    reading = os.read(counter, READING.size)
    if len(reading) < READING.size:  # as for an event that could not be scheduled at all
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    value, enabled, running = READING.unpack(reading)
    return float(value * enabled / running) if running else 0.0
