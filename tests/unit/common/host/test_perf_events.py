import errno
import re
import sys
import threading
import time
from pathlib import Path

import pytest

from stages.common.host import perf_events
from stages.common.host.facts import cpu_flags
from stages.common.host.perf_events import (
    Counters,
    Event,
    TileCounts,
    Trust,
    amx_busy,
    count_known_work,
    total,
    trust_in_count,
)
from stages.records.measure import AmxBusy

# The kernel's own clock, which every machine has: PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK.
TASK_CLOCK = Event(type=1, config=1)
NONSENSE = Event(type=0xFFFF, config=0)
RIGHT = TileCounts(busy_without=0.0, busy_with=800.0, cycles=1e6)


def spin(seconds: float) -> float:
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        pass
    return seconds


@pytest.fixture
def amx_cpu(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(perf_events, "cpu_flags", lambda: frozenset({"amx_tile"}))
    monkeypatch.setattr(perf_events, "cpu_fields", lambda: {"vendor_id": "GenuineIntel"})
    monkeypatch.setattr(perf_events, "AMX_BUSY", TASK_CLOCK)
    monkeypatch.setattr(perf_events, "CYCLES", TASK_CLOCK)
    monkeypatch.setattr(perf_events, "count_known_work", lambda: RIGHT)
    return monkeypatch


def readable() -> bool:
    try:
        with Counters([TASK_CLOCK]):
            return True
    except PermissionError:
        return False


needs_counters = pytest.mark.skipif(
    not readable(), reason="the kernel lets this user count nothing"
)


@needs_counters
def test_the_work_of_all_threads_is_counted() -> None:
    release = threading.Event()
    thread = threading.Thread(target=lambda: release.wait() and spin(0.1))
    thread.start()
    with Counters([TASK_CLOCK, TASK_CLOCK]) as counting:
        release.set()
        spin(0.05)
        thread.join()
        first, second = counting.read()
    assert 0.14e9 < first < 0.5e9
    assert second == pytest.approx(first, rel=0.05)


@needs_counters
def test_a_thread_that_ended_since_it_was_listed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = [task.name for task in Path("/proc/self/task").iterdir()]
    for name in (*own, "4194304"):  # above any that there may be
        (tmp_path / name).mkdir()
    monkeypatch.setattr(perf_events, "TASKS", tmp_path)
    with Counters([TASK_CLOCK]) as counting:
        spin(0.02)
        assert counting.read()[0] > 0


@needs_counters
def test_threads_that_begin_later_are_counted_too() -> None:
    with Counters([TASK_CLOCK]) as counting:
        thread = threading.Thread(target=lambda: spin(0.1))
        thread.start()
        thread.join()
        (counted,) = counting.read()
    assert 0.09e9 < counted < 0.5e9


def test_what_never_ran_is_unknown_and_not_0() -> None:
    slept = (0, 0, 0)
    assert total([(10, 4, 2), slept, (0, 4, 4)]) == 20
    for never in ([(10, 4, 4), (0, 4, 0)], [(0, 4, 0)], [slept], []):
        with pytest.raises(OSError, match="no counter of the processor was free"):
            total(never)


@needs_counters
def test_what_can_not_be_counted_is_an_error_before_the_work() -> None:
    with pytest.raises(OSError, match=r"."):
        Counters([NONSENSE])


def test_without_tiles_nothing_is_asked_of_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perf_events, "cpu_flags", lambda: frozenset({"avx2"}))
    assert amx_busy(lambda: 7) == (7, AmxBusy(missing="no amx_tile flag"))


def test_the_event_is_no_other_makers(amx_cpu: pytest.MonkeyPatch) -> None:
    amx_cpu.setattr(perf_events, "cpu_fields", lambda: {"vendor_id": "AuthenticAMD"})
    reason = "the event is Intel's, this CPU is of AuthenticAMD"
    assert amx_busy(lambda: 7) == (7, AmxBusy(missing=reason))


def test_a_kernel_that_refuses_is_the_reason(amx_cpu: pytest.MonkeyPatch) -> None:
    def refuse(events: object) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    amx_cpu.setattr(perf_events, "Counters", refuse)
    assert amx_busy(lambda: 7) == (7, AmxBusy(missing="perf_event_open: Permission denied"))


@needs_counters
def test_the_share_is_of_the_cycles(amx_cpu: pytest.MonkeyPatch) -> None:
    result, busy = amx_busy(lambda: spin(0.02))
    assert (result, busy.missing) == (0.02, "")
    assert busy.share == pytest.approx(1, rel=0.1)


@needs_counters
def test_events_begin_to_count_together_however_many_threads_there_are() -> None:
    release = threading.Event()
    threads = [threading.Thread(target=release.wait) for _ in range(200)]
    for thread in threads:
        thread.start()
    try:
        with Counters([TASK_CLOCK, TASK_CLOCK]) as counting:
            first, second = counting.read()
    finally:
        release.set()
        for thread in threads:
            thread.join()
    assert second == pytest.approx(first, rel=0.1)


@needs_counters
def test_no_cycle_is_no_share(amx_cpu: pytest.MonkeyPatch) -> None:
    amx_cpu.setattr(Counters, "read", lambda counting: [0.0, 0.0])
    assert amx_busy(lambda: 7) == (7, AmxBusy(missing="no cycle was counted"))


@needs_counters
@pytest.mark.parametrize(
    ("flags", "counted", "why_not"),
    [
        (
            {"hypervisor"},
            (0.0, 0.0, 1e6),
            "is there but counts nothing: filtered by the hypervisor",
        ),
        (set(), (0.0, 0.0, 1e6), "is there but counts nothing"),
        (set(), (0.0, 800.0, 0.0), "is there but counts no cycles"),
        (set(), (5.0, 800.0, 1e6), "counts other work than that of tiles"),
    ],
)
def test_a_count_that_is_wrong_of_known_work_is_not_believed(
    flags: set[str], counted: tuple[float, ...], why_not: str, amx_cpu: pytest.MonkeyPatch
) -> None:
    amx_cpu.setattr(perf_events, "cpu_flags", lambda: frozenset({"amx_tile", *flags}))
    amx_cpu.setattr(perf_events, "count_known_work", lambda: TileCounts(*counted))
    assert trust_in_count() == Trust(opened=True, why_not=why_not)
    assert amx_busy(lambda: 7) == (7, AmxBusy(missing=f"the counter {why_not}"))


@needs_counters
def test_a_count_of_0_is_believed_if_known_work_was_counted(amx_cpu: pytest.MonkeyPatch) -> None:
    amx_cpu.setattr(Counters, "read", lambda counting: [0.0, 100.0])
    assert amx_busy(lambda: 7) == (7, AmxBusy(busy_cycles=0.0, cycles=100.0))


@needs_counters
def test_why_known_work_could_not_be_counted_is_the_reason(amx_cpu: pytest.MonkeyPatch) -> None:
    reason = "a tile product ended by SIGILL"
    amx_cpu.setattr(perf_events, "count_known_work", lambda: reason)
    assert trust_in_count() == Trust(opened=False, why_not=reason)
    assert amx_busy(lambda: 7) == (7, AmxBusy(missing=reason))


@pytest.mark.skipif("amx_tile" in cpu_flags(), reason="it does not fail on a CPU with AMX")
def test_the_child_that_counts_says_why_it_can_not() -> None:
    assert re.match("the counters can't be read: |a tile product ended by", str(count_known_work()))


@needs_counters
def test_the_child_counts_with_tiles_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perf_events, "AMX_BUSY", TASK_CLOCK)
    monkeypatch.setattr(perf_events, "CYCLES", TASK_CLOCK)
    monkeypatch.setattr(perf_events, "keep_multiplying", lambda instruction, seconds: spin(0.02))
    counted = perf_events._count_tiles()
    assert isinstance(counted, TileCounts)
    assert 0 < counted.busy_without < counted.busy_with < counted.cycles


@needs_counters
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("kill -ILL $$", "a tile product ended by SIGILL"),
        ("exit 1", "a tile product could not be counted"),
        ("echo '\"no\"'", "no"),
    ],
)
def test_a_child_that_fails_is_the_reason(
    script: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert count_known_work.__wrapped__() == reason
