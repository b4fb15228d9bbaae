import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from stages.common.host.interference import Snapshot, take_snapshot
from stages.common.host.scheduling import Counts
from stages.common.host.topology import Sysfs

STAT = """\
cpu  100 0 50 800 0 0 0 30 5 0
cpu0 60 0 25 400 0 0 0 10 5 0
cpu1 40 0 25 400 0 0 0 20 0 0
cpu10 1 1 1 1 1 1 1 1 0 0
intr 5
"""


def test_only_the_cores_asked_for_are_counted(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text(STAT)
    throttles = tmp_path / "devices/system/cpu/cpu1/thermal_throttle"
    throttles.mkdir(parents=True)
    (throttles / "core_throttle_count").write_text("7\n")
    snapshot = take_snapshot([0, 1], stat=stat, sysfs=Sysfs(tmp_path))
    assert (snapshot.ticks, snapshot.stolen, snapshot.throttle_events) == (980, 30, 7)
    assert snapshot.idle == 800
    assert take_snapshot([1], stat=stat, sysfs=Sysfs(tmp_path)).stolen == 20


@pytest.mark.parametrize("text", ["", "cpu0", "cpu0 a b c", "cpu0 -1 \xb2", "\0\xff"])
def test_odd_counters_count_as_zero(text: str, tmp_path: Path) -> None:
    (tmp_path / "stat").write_bytes(text.encode("latin-1"))
    snapshot = take_snapshot([0], stat=tmp_path / "stat", sysfs=Sysfs(tmp_path))
    assert (snapshot.ticks, snapshot.stolen, snapshot.throttle_events) == (0, 0, 0)
    assert take_snapshot([0], stat=tmp_path / "none", sysfs=Sysfs(tmp_path)).ticks == 0


def test_this_machine_shows_its_counters() -> None:
    assert take_snapshot([0]).ticks > 0


def test_between_two_looks_only_what_changed_counts() -> None:
    first = Snapshot(
        cores=2,
        ticks=100,
        idle=50,
        stolen=5,
        throttle_events=2,
        quota_periods=7,
        frequency_mhz=2000.0,
        monotonic_s=10.0,
        wall_s=1000.0,
        processes=[{"1": Counts(0, 10**9, 5)}],
    )
    later = replace(
        first,
        ticks=300,
        idle=90,
        stolen=15,
        throttle_events=3,
        quota_periods=9,
        frequency_mhz=1500.0,
        monotonic_s=12.0,
        wall_s=999.0,
        processes=[{"1": Counts(2 * 10**9, 2 * 10**9, 6), "2": Counts(10**9, 10**9, 1)}],
    )
    between = first.until(later)
    assert between.waiting == pytest.approx(2 / 4)
    assert between.switches == 2
    # Of 4 s, 0.4 were idle, 0.1 stolen, and 3 our own.
    assert between.others == pytest.approx((4 - 0.4 - 0.1 - 3) / 4)
    assert (between.quota_periods, between.frequency_mhz) == (2, 1500.0)
    assert between.steal == pytest.approx(0.05)
    assert first.busy_until(later) == pytest.approx(1 - (40 + 10) / 200)
    assert first.busy_until(first) == 0.0
    assert between.throttle_events == 1
    assert between.clock_step_s == pytest.approx(-3.0)
    assert first.until(first).steal == 0.0


def test_a_runs_own_threads_disturb_nobody_but_another_process_does() -> None:
    core = min(os.sched_getaffinity(0))
    spin = (
        f"import os; os.sched_setaffinity(0, {{{core}}})\nprint('.', flush=True)\nwhile True: pass"
    )
    with ExitStack() as running:
        spinning = [
            running.enter_context(
                subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE)
            )
            for _ in range(2)
        ]
        for process in spinning:
            running.callback(process.kill)
            assert process.stdout
            process.stdout.read(1)
        ours, one = [process.pid for process in spinning], [spinning[0].pid]
        before = [take_snapshot([core], pids) for pids in (ours, one)]
        time.sleep(1.0)
        after = [take_snapshot([core], pids) for pids in (ours, one)]
    own, beside = (then.until(now) for then, now in zip(before, after, strict=True))
    assert own.waiting
    assert own.waiting > 0.5
    assert own.waited_for_others < own.waiting / 2
    assert beside.waiting
    assert beside.waited_for_others > 0.8 * beside.waiting
