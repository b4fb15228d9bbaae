import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from stages.common.host.scheduling import Counts, Scheduled, between, scheduling_of

SPIN = "while True: pass"


def make_task(proc: Path, thread: str, schedstat: str, status: str) -> None:
    task = proc / "7" / "task" / thread
    task.mkdir(parents=True)
    (task / "schedstat").write_text(schedstat)
    (task / "status").write_text(status)


def test_each_thread_is_counted(tmp_path: Path) -> None:
    make_task(tmp_path, "7", "100 2000 3\n", "Name:\tx\nnonvoluntary_ctxt_switches:\t4\n")
    make_task(tmp_path, "9", "1 2 3\n", "nonvoluntary_ctxt_switches:\t0\n")
    assert scheduling_of(7, tmp_path) == {"7": Counts(100, 2000, 4), "9": Counts(1, 2, 0)}


@pytest.mark.parametrize(
    ("schedstat", "status"),
    [("", "nonvoluntary_ctxt_switches: 1"), ("1 2 3", ""), ("a b c", "x"), ("1", "x:"), ("\0", "")],
)
def test_what_is_not_shown_is_not_known(schedstat: str, status: str, tmp_path: Path) -> None:
    make_task(tmp_path, "7", schedstat, status)
    shown = scheduling_of(7, tmp_path)
    assert shown == {}
    assert between([shown], [shown]) is None
    assert scheduling_of(8, tmp_path) == {}


def test_a_new_thread_began_at_zero_and_one_that_ended_is_left_out() -> None:
    before = {"1": Counts(0, 10**9, 1), "2": Counts(0, 5 * 10**9, 9)}
    after = {"1": Counts(3 * 10**9, 2 * 10**9, 3), "3": Counts(10**9, 10**9, 1)}
    assert between([before], [after]) == Scheduled(ran_s=4.0, waited_s=2.0, switches=3)


def test_two_processes_on_one_core_wait_for_each_other() -> None:
    core = min(os.sched_getaffinity(0))
    pinned = f"import os; os.sched_setaffinity(0, {{{core}}}); print('.', flush=True)\n{SPIN}"
    with ExitStack() as running:
        spinning = [running.enter_context(_spinning(pinned)) for _ in range(2)]
        began, before = time.monotonic(), [scheduling_of(spinning[0].pid)]
        time.sleep(1.0)
        found = between(before, [scheduling_of(spinning[0].pid)])
        passed_s = time.monotonic() - began
    assert found
    assert 0.25 * passed_s < found.waited_s <= 1.1 * passed_s
    assert found.switches


@contextmanager
def _spinning(code: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run code that says when it begins, and end it."""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            process.stdout.read(1)
            yield process
        finally:
            process.kill()
