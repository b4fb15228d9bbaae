import errno
import threading
import time

import pytest

from stages.common.host import perf_events
from stages.common.host.perf_events import Counters, Event, amx_busy
from stages.records.measure import AmxBusy

# The kernel's own clock, which every machine has: PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK.
TASK_CLOCK = Event(type=1, config=1)
NONSENSE = Event(type=0xFFFF, config=0)


def spin(seconds: float) -> float:
    began = time.thread_time()
    while time.thread_time() - began < seconds:
        pass
    return seconds


@pytest.fixture
def amx_cpu(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(perf_events, "cpu_flags", lambda: frozenset({"amx_tile"}))
    monkeypatch.setattr(perf_events, "cpu_fields", lambda: {"vendor_id": "GenuineIntel"})
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
    amx_cpu.setattr(perf_events, "AMX_BUSY", TASK_CLOCK)
    amx_cpu.setattr(perf_events, "CYCLES", TASK_CLOCK)
    result, busy = amx_busy(lambda: spin(0.02))
    assert (result, busy.missing) == (0.02, "")
    assert busy.share == pytest.approx(1, rel=0.1)


@needs_counters
def test_no_cycle_is_no_share(amx_cpu: pytest.MonkeyPatch) -> None:
    amx_cpu.setattr(Counters, "read", lambda counting: [0.0, 0.0])
    amx_cpu.setattr(perf_events, "AMX_BUSY", TASK_CLOCK)
    amx_cpu.setattr(perf_events, "CYCLES", TASK_CLOCK)
    assert amx_busy(lambda: 7) == (7, AmxBusy(missing="no cycle was counted"))
