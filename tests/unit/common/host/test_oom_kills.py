"""A process that was ended by SIGKILL: what the kernel counts shows if that was for memory."""

from pathlib import Path

import pytest

from stages.common.host.cgroups import Cgroups
from stages.common.host.oom_kills import OomKills

GIB = 2**30
EVENTS = "low 0\nhigh 0\nmax 9\noom {ooms}\noom_kill {kills}\noom_group_kill 0"
CONTROL = "oom_kill_disable 0\nunder_oom 0\noom_kill {kills}"
AT_6 = "was killed at its memory limit of 6.0 GiB; raise it, or ask for a smaller batch"
BY_KERNEL = "was killed by the kernel for want of memory, of which there are 15.6 GiB; ask for"


class Machine:
    """The files in which the kernel counts, and what it has counted since `watch`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.write("proc/meminfo", "MemTotal: 16357785 kB")
        self.write("proc/vmstat", "nr_free_pages 4\noom_kill 45")
        self.group("0::/a/b")

    def group(self, text: str) -> None:
        self.write("proc/self/cgroup", text)

    def write(self, name: str, text: str) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")

    def events(self, group: str, ooms: int, kills: int) -> None:
        self.write(f"{group}/memory.events", EVENTS.format(ooms=ooms, kills=kills))

    def watch(self) -> OomKills:
        proc = self._folder / "proc"
        return OomKills(Cgroups(proc, self._folder), proc / "vmstat", proc / "meminfo")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.delenv("STAGES_MEMORY", raising=False)
    return Machine(tmp_path)


def test_what_a_limit_killed_is_told_with_it(machine: Machine) -> None:
    machine.write("a/b/memory.max", f"{6 * GIB}")
    machine.write("a/memory.max", f"{12 * GIB}")
    machine.events("a/b", 1, 2)
    machine.events("a", 3, 4)
    watch = machine.watch()
    machine.events("a/b", 2, 3)
    machine.events("a", 4, 5)
    assert watch.how_killed().startswith(AT_6)


def test_the_limit_is_that_of_the_group_in_which_memory_ran_out(machine: Machine) -> None:
    machine.write("a/memory.max", f"{6 * GIB}")
    machine.write("a/b/memory.max", f"{5 * GIB}")
    machine.events("a", 0, 0)
    machine.events("a/b", 0, 0)
    watch = machine.watch()
    machine.events("a", 1, 1)
    machine.events("a/b", 0, 1)
    assert watch.how_killed().startswith(AT_6)


def test_a_machine_without_memory_kills_within_a_limit_too(machine: Machine) -> None:
    machine.write("a/b/memory.max", f"{6 * GIB}")
    machine.events("a/b", 0, 0)
    watch = machine.watch()
    machine.events("a/b", 0, 1)
    assert watch.how_killed().startswith(BY_KERNEL)


def test_version_1_is_read_too(machine: Machine) -> None:
    machine.group("4:memory:/of/host\n0::/")
    machine.write("memory/memory.limit_in_bytes", f"{6 * GIB}")
    machine.write("memory/memory.oom_control", CONTROL.format(kills=0))
    watch = machine.watch()
    assert watch.how_killed() == ""
    machine.write("memory/memory.oom_control", CONTROL.format(kills=1))
    assert watch.how_killed().startswith(AT_6)
    machine.write("memory/memory.limit_in_bytes", f"{2**63 - 4096}")
    assert watch.how_killed().startswith(BY_KERNEL)


def test_without_a_group_the_machines_own_count_shows_it(machine: Machine) -> None:
    machine.group("0::/")
    watch = machine.watch()
    machine.write("proc/vmstat", "nr_free_pages 4\noom_kill 46")
    assert watch.how_killed().startswith(BY_KERNEL)


def test_who_started_the_container_is_told_how_to_raise_its_limit(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.write("a/b/memory.max", f"{6 * GIB}")
    machine.events("a/b", 0, 0)
    watch = machine.watch()
    machine.events("a/b", 1, 1)
    monkeypatch.setenv("STAGES_MEMORY", "6g")
    assert "; raise STAGES_MEMORY, or ask for" in watch.how_killed()


def test_a_kill_by_a_person_is_not_told_as_memory(machine: Machine) -> None:
    machine.write("a/b/memory.max", f"{6 * GIB}")
    machine.events("a/b", 7, 7)
    watch = machine.watch()
    assert watch.how_killed() == ""
    # What ran out of memory was another container.
    machine.write("proc/vmstat", "oom_kill 46")
    machine.events("a", 1, 1)
    assert watch.how_killed() == ""


@pytest.mark.parametrize("text", ["", "oom_kill", "oom_kill many", "oom_kill -1", "\0"])
def test_what_is_not_shown_is_not_told_as_memory(machine: Machine, text: str) -> None:
    machine.write("proc/vmstat", text)
    watch = machine.watch()
    assert watch.how_killed() == ""
    machine.write("proc/vmstat", "oom_kill 46")
    assert watch.how_killed() == ""
