import os
from pathlib import Path

import pytest

from stages.common.host.facts import cpu_flags, describe_host, describe_topology
from stages.common.host.topology import Sysfs
from stages.records.base import Topology


def machine(folder: Path) -> Sysfs:
    """Two sockets, each of two cores of two threads, each next to memory of its own."""
    files = {"devices/system/cpu/online": "0-7"}
    for cpu in range(8):
        core = cpu % 4
        files[f"devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"] = f"{core},{core + 4}"
        files[f"devices/system/cpu/cpu{cpu}/topology/physical_package_id"] = str(core // 2)
        files[f"devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor"] = "powersave"
    files["devices/system/node/node0/cpulist"] = "0-1,4-5"
    files["devices/system/node/node1/cpulist"] = "2-3,6-7"
    files["devices/system/node/node2/cpulist"] = ""  # memory alone
    files["kernel/mm/transparent_hugepage/enabled"] = "always [madvise] never"
    files["class/dmi/id/sys_vendor"] = "Provenance"
    files["class/dmi/id/product_name"] = "m7i.metal"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{text}\n")
    return Sysfs(folder)


def test_the_cpus_that_are_on_are_counted(tmp_path: Path) -> None:
    assert describe_topology(machine(tmp_path)) == Topology(
        sockets=2, physical_cores=4, threads_per_core=2.0, numa_nodes=2
    )


def test_only_the_cores_asked_about_count(tmp_path: Path) -> None:
    sysfs = machine(tmp_path)
    assert sysfs.numa_nodes([0, 5]) == [0]
    assert sysfs.numa_nodes([1, 6]) == [0, 1]
    assert sysfs.physical_cores([0, 4, 1]) == 2
    assert sysfs.sockets([0, 1]) == 1


def test_what_steers_the_machine_is_read(tmp_path: Path) -> None:
    sysfs = machine(tmp_path)
    assert (sysfs.governor([0, 1]), sysfs.huge_pages()) == ("powersave", "madvise")
    assert sysfs.machine() == "Provenance m7i.metal"
    path = tmp_path / "devices/system/cpu/cpu1/cpufreq/scaling_governor"
    path.write_text("performance\n")
    assert sysfs.governor([0, 1]) == "performance, powersave"


def test_what_is_not_shown_is_unknown(tmp_path: Path) -> None:
    sysfs = Sysfs(tmp_path)
    assert (sysfs.governor([0, 1]), sysfs.huge_pages(), sysfs.machine()) == ("unknown",) * 3
    assert (sysfs.siblings(3), sysfs.numa_nodes([0])) == ("3", [])


def test_this_host_describes_itself() -> None:
    host = describe_host([0])
    assert host.topology.physical_cores >= 1
    assert host.topology.threads_per_core >= 1
    assert host.memory_gib > 0
    assert host.cores_pinned == [0]


@pytest.mark.parametrize("text", ["", "odd", "0-99999999999", "3-1", "\0", "\xb2"])
def test_odd_files_are_as_good_as_none(text: str, tmp_path: Path) -> None:
    sysfs = machine(tmp_path)
    (tmp_path / "devices/system/node/node0odd").mkdir()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(text.encode("latin-1"))
    assert sysfs.online() == sorted(os.sched_getaffinity(0))
    assert sysfs.siblings(3) == "3"
    assert (sysfs.numa_nodes([0]), sysfs.throttle_events([0])) == ([], 0)
    topology = describe_topology(sysfs)
    assert topology.sockets == topology.threads_per_core == 1
    assert topology.physical_cores == len(os.sched_getaffinity(0))


def test_flags_are_those_that_all_processors_have(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor: 0\nflags\t\t: avx2 avx512f\n\nprocessor: 1\nflags\t\t: avx2\n\n")
    assert cpu_flags(cpuinfo) == {"avx2"}
    cpuinfo.write_bytes(b"\xff\xfe\0")
    assert (cpu_flags(cpuinfo), cpu_flags(tmp_path / "none")) == (frozenset(), frozenset())
