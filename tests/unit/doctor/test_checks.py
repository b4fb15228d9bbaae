import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.common.host.perf_events import Trust
from stages.common.host.topology import Sysfs
from stages.doctor import checks
from stages.doctor.checks import NO, NOTE, OK, Check
from stages.isa import ISA_NAMES, LADDER
from tests.unit.records import HOST

ALL_FLAGS = frozenset(flag for isa in LADDER for flag in isa.flags)


def of(name: str, results: list[Check]) -> Check:
    return next(check for check in results if check.name == name)


def test_each_rung_is_possible_or_says_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "cpu_flags", lambda: ALL_FLAGS - {"amx_tile"})
    results = checks.check_isas(ISA_NAMES)
    assert [check.name for check in results] == [f"isa {name}" for name in ISA_NAMES]
    assert [check.state for check in results] == [OK] * 5 + [NO]
    assert results[-1].evidence == "no amx_tile flag"


@pytest.mark.parametrize(
    ("lacking", "hinted"), [(set(), True), ({"avx512_vnni"}, False), ({"avx512_bf16"}, False)]
)
def test_without_amx_it_names_the_rehearsal_if_that_can_run(
    monkeypatch: pytest.MonkeyPatch, lacking: set[str], hinted: bool
) -> None:
    flags = ALL_FLAGS - {"amx_tile", "amx_int8", "amx_bf16", *lacking}
    monkeypatch.setattr(checks, "cpu_flags", lambda: flags)
    (check,) = checks.check_isas(["AVX512_CORE_AMX"])
    assert check.state == NO
    assert ("`invoke rehearse`" in check.evidence) == hinted


def test_flags_alone_make_no_amx(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "a tile operation ended in SIGILL"
    monkeypatch.setattr(checks, "cpu_flags", lambda: ALL_FLAGS)
    monkeypatch.setattr("stages.common.host.facts.why_no_tiles", lambda: reason)
    (check,) = checks.check_isas(["AVX512_CORE_AMX"])
    assert (check.state, check.evidence) == (NO, reason)


def test_only_what_is_asked_for_is_looked_at() -> None:
    assert [check.name for check in checks.check_isas(["AVX2"])] == ["isa AVX2"]


def test_cores_that_can_not_be_pinned_are_said_with_the_remedy() -> None:
    check, cores = checks.check_cores("4095")
    assert (check.state, cores) == (NO, [])
    assert "set VGG19_CORES" in check.evidence


@pytest.mark.parametrize(
    ("changes", "name", "state", "evidence"),
    [
        ({"governor": "powersave"}, "governor", NOTE, "powersave; set it"),
        ({"governor": "performance"}, "governor", OK, "performance"),
        ({"governor": "unknown"}, "governor", NOTE, "not shown here"),
        ({"hypervisor": False}, "machine", OK, "A CPU, physical, Maker Machine; Linux 6.1"),
        ({"hypervisor": True}, "machine", NOTE, "A CPU, virtual (unknown)"),
        ({"cpu_quota": 1.5}, "CPU quota", NO, "1.5 CPUs for 2 cores; raise the quota"),
        ({"cpu_quota": 2.0}, "CPU quota", OK, "2 CPUs"),
        ({"cpu_quota": 2.0, "cores_allowed": [*range(64)]}, "CPU quota", NOTE, "same 64 cores"),
        ({"cpu_quota": 1.0, "cores_allowed": [*range(64)]}, "CPU quota", NO, "same 64 cores"),
        ({"numa_nodes": [0, 1]}, "NUMA nodes", NOTE, "--num-instances"),
        ({}, "NUMA nodes", OK, "cores on 0, of 1"),
        ({"numa_nodes": []}, "NUMA nodes", NOTE, "not shown here"),
        ({}, "topology", OK, "1 sockets, 2 cores, 1 threads each; cpuset 0,1"),
    ],
)
def test_what_the_machine_is_decides(
    changes: dict[str, Any], name: str, state: str, evidence: str, tmp_path: Path
) -> None:
    check = of(name, checks.check_host(replace(HOST, **changes), Sysfs(tmp_path)))
    assert check.state == state
    assert evidence in check.evidence


def test_threads_of_one_core_are_noted(tmp_path: Path) -> None:
    for cpu in (0, 1):
        folder = tmp_path / f"devices/system/cpu/cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text("0-1")
    check = of("topology", checks.check_host(HOST, Sysfs(tmp_path)))
    assert check.state == NOTE
    assert check.evidence.endswith("; 1 of those to pin share a core")


@pytest.mark.parametrize(("busy", "state"), [(0.05, OK), (0.48, NOTE)])
def test_neighbours_are_noted(busy: float, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (1.5, 0.0, 0.0))
    monkeypatch.setattr(checks, "look", lambda *_: (0.03, busy))
    results = checks.check_neighbours([0], 2)
    assert (of("steal", results).state, of("steal", results).evidence) == (NOTE, "3.0% of 2 s")
    assert of("load", results).state == state
    assert of("load", results).evidence == (
        f"others took {busy:.0%} of the cores' time in 2 s; 1.50 processes on average of the last "
        "minute"
    )


def test_without_tensorflow_nothing_can_be_measured() -> None:
    assert checks.check_software(HOST).state == NO
    check = checks.check_software(replace(HOST, versions={"tensorflow-cpu": "2.15.1"}))
    assert (check.state, check.evidence) == (OK, "tensorflow-cpu 2.15.1")


@pytest.mark.parametrize(
    ("trust", "state", "evidence"),
    [
        (Trust(opened=True), OK, "counts tile work"),
        (
            Trust(opened=True, why_not="is there but counts nothing: filtered by the hypervisor"),
            NOTE,
            "is there but counts nothing: filtered by the hypervisor; the kernels' names must do",
        ),
        (
            Trust(opened=False, why_not="no amx_tile flag"),
            NOTE,
            "not available: no amx_tile flag; the kernels' names must do",
        ),
    ],
)
def test_the_counter_is_right_or_it_is_said_what_is_wrong(
    trust: Trust, state: str, evidence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "trust_in_count", lambda: trust)
    assert checks.check_counter() == Check("AMX counter", state, evidence)
