from pathlib import Path

import pytest

from stages.common.host.cgroups import FIRST_PID_NAMESPACE, Cgroups

GIB = 2**30


@pytest.fixture
def cgroups(tmp_path: Path) -> Cgroups:
    """Version 2: this process is in `a/b`."""
    (tmp_path / "proc" / "self" / "ns").mkdir(parents=True)
    (tmp_path / "cgroup" / "a" / "b").mkdir(parents=True)
    groups = Cgroups(tmp_path / "proc", tmp_path / "cgroup")
    in_groups(groups, "0::/a/b\n")
    return groups


def in_groups(cgroups: Cgroups, text: str) -> None:
    (cgroups.proc / "self" / "cgroup").write_text(text)


def write(cgroups: Cgroups, name: str, text: str) -> None:
    path = cgroups.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{text}\n")


def test_without_limits_there_are_none(cgroups: Cgroups) -> None:
    write(cgroups, "a/memory.max", "max")
    write(cgroups, "a/cpu.max", "max 100000")
    assert (cgroups.memory_limit(), cgroups.memory_left(), cgroups.cpu_quota()) == (None,) * 3


def test_the_tightest_of_the_groups_around_counts(cgroups: Cgroups) -> None:
    write(cgroups, "a/memory.max", f"{2 * GIB}")
    write(cgroups, "a/b/memory.max", f"{6 * GIB}")
    write(cgroups, "a/b/memory.current", f"{5 * GIB}")
    write(cgroups, "a/cpu.max", "400000 100000")
    write(cgroups, "a/b/cpu.max", "150000 100000")
    assert cgroups.memory_limit() == 2 * GIB
    assert cgroups.memory_left() == 1 * GIB
    assert cgroups.cpu_quota() == 1.5


def test_a_container_finds_its_limits_at_the_root(cgroups: Cgroups) -> None:
    in_groups(cgroups, "0::/\n")
    write(cgroups, "memory.max", f"{3 * GIB}")
    assert cgroups.memory_limit() == 3 * GIB


def test_what_was_read_from_files_is_not_used(cgroups: Cgroups) -> None:
    write(cgroups, "a/b/memory.max", "1000")
    write(cgroups, "a/b/memory.current", "900")
    write(cgroups, "a/b/memory.stat", "anon 300\ninactive_file 600\nactive_file 0")
    assert cgroups.memory_left() == 700


def test_version_1_is_read_too(cgroups: Cgroups) -> None:
    in_groups(cgroups, "4:memory:/of/host\n1:cpu,cpuacct:/\n0::/\n")
    write(cgroups, "memory/memory.limit_in_bytes", f"{4 * GIB}")
    write(cgroups, "memory/memory.usage_in_bytes", f"{1 * GIB}")
    write(cgroups, "cpu/cpu.cfs_quota_us", "200000")
    write(cgroups, "cpu/cpu.cfs_period_us", "100000")
    assert cgroups.memory_limit() == 4 * GIB
    assert cgroups.memory_left() == 3 * GIB
    assert cgroups.cpu_quota() == 2.0


def test_version_1_says_unlimited_by_a_huge_number_and_by_minus_one(cgroups: Cgroups) -> None:
    in_groups(cgroups, "4:memory:/\n1:cpu:/\n")
    write(cgroups, "memory/memory.limit_in_bytes", "9223372036854771712")
    write(cgroups, "cpu/cpu.cfs_quota_us", "-1")
    write(cgroups, "cpu/cpu.cfs_period_us", "100000")
    assert (cgroups.memory_limit(), cgroups.cpu_quota()) == (None, None)


def test_a_container_has_a_pid_namespace_of_its_own(cgroups: Cgroups) -> None:
    link = cgroups.proc / "self" / "ns" / "pid"
    assert not cgroups.in_container()
    link.symlink_to(FIRST_PID_NAMESPACE)
    assert not cgroups.in_container()
    link.unlink()
    link.symlink_to("pid:[4026532201]")
    assert cgroups.in_container()


@pytest.mark.parametrize("text", ["", "max", "-1", "\u00b2", "many", "9" * 5000, "1 2 3", "1.5"])
def test_odd_limits_are_none(cgroups: Cgroups, text: str) -> None:
    in_groups(cgroups, "odd\n1:\n4:memory:/\0\n0::/../../a/b\n")
    for name in ("a/memory.max", "a/b/memory.max", "a/cpu.max", "a/b/cpu.max"):
        write(cgroups, name, text)
    assert (cgroups.memory_limit(), cgroups.memory_left(), cgroups.cpu_quota()) == (None,) * 3


def test_odd_uses_of_a_limit_leave_no_less_than_nothing(cgroups: Cgroups) -> None:
    write(cgroups, "a/b/memory.max", "1000")
    for used, stat, left in (
        ("2000", "", 0),
        ("unknown", "inactive_file\ninactive_file x", 1000),
        ("500", "inactive_file 700", 1000),
        ("500", "inactive_file -5\n\nodd", 500),
    ):
        write(cgroups, "a/b/memory.current", used)
        write(cgroups, "a/b/memory.stat", stat)
        assert cgroups.memory_left() == left


@pytest.mark.parametrize("text", ["100000 0", "0 100000", "100000", "100000 100000 1"])
def test_a_quota_of_no_time_is_none(cgroups: Cgroups, text: str) -> None:
    write(cgroups, "a/b/cpu.max", text)
    assert cgroups.cpu_quota() is None
