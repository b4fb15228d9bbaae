"""What the kernel, a container or firmware shows of a machine, in any form: nothing is refused."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from docker.host import distribution
from stages.common.host import cloud, facts, interference, memory
from stages.common.host.cgroups import Cgroups
from stages.common.host.cores import one_per_physical_core
from stages.common.host.kernel_text import cpus_of, fields_of, name_of, text_of, whole_of
from stages.common.host.oom_kills import OomKills
from stages.common.host.topology import Sysfs
from stages.records.base import Host, Topology
from tests.fuzz.inputs import contents, mutated_texts
from tests.fuzz.parsers import Parser
from tests.unit.records import HOST

CGROUP_FILES = (
    "proc/self/cgroup", "memory.max", "memory.current", "memory.stat", "cpu.max",
    "memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "cpu/cpu.cfs_quota_us",
    "cpu/cpu.cfs_period_us", "memory.events", "a/b/memory.events", "memory/memory.oom_control",
)  # fmt: skip
CGROUPS = (
    b"0::/a/b\n", b"4:memory:/x\n1:cpu,cpuacct:/\n0::/\n", b"max\n", b"max 100000\n",
    b"150000 100000\n", b"9223372036854771712\n", b"-1\n", b"anon 3\ninactive_file 600\n",
    b"oom 1\noom_kill 2\n", b"oom_kill_disable 0\noom_kill 3\n",
)  # fmt: skip
SYSFS_FILES = (
    "devices/system/cpu/online", "devices/system/cpu/offline", "devices/system/cpu/isolated",
    "devices/system/cpu/cpu0/topology/thread_siblings_list",
    "devices/system/cpu/cpu0/topology/physical_package_id",
    "devices/system/cpu/cpu0/cpufreq/scaling_governor",
    "devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
    "devices/system/node/node0/cpulist", "devices/system/node/nodeodd/cpulist",
    "devices/system/node/node1x/cpulist", "kernel/mm/transparent_hugepage/enabled",
    "class/dmi/id/sys_vendor", "class/dmi/id/product_name",
)  # fmt: skip
SYSFS = (
    b"0-7\n",
    b"0,4\n",
    b"0\n",
    b"-1\n",
    b"powersave\n",
    b"always [madvise] never\n",
    b"QEMU\n",
)
MEMINFO = b"MemTotal: 24000000 kB\nMemFree: 1 kB\nMemAvailable:   20000000 kB\n"
STATUS = b"Name:\tpython3\nVmPeak:\t  204 kB\nVmHWM:\t   10240 kB\nCpus_allowed_list:\t0-1\n"
CPUINFO = b"processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) CPU\n"
CPUINFO += b"microcode\t: 0x2b\nflags\t\t: fpu avx2 avx512f amx_tile hypervisor\nbugs\t:\n\n"
STAT = b"cpu  100 0 50 800 0 0 0 30 5 0\ncpu0 60 0 25 400 0 0 0 10 5 0\nintr 5\n"
EC2_DATA = b'{"ds": {"meta_data": {"instance-type": "m7i.xlarge", "instance_type": 3}}, "v1": {}}'
AZURE_DATA = b'{"ds": {"meta_data": {"imds": {"compute": {"vmSize": "Standard_D4s_v6"}}}}}'
LSCPU = "Architecture: x86_64\nHypervisor vendor:   KVM\n  Flags: avx2\n"
MAX_BYTES = 10**20 * memory.KIB

Files = Sequence[tuple[str, bytes]]


def parsers() -> Iterator[Parser]:
    yield Parser("control groups", _files(CGROUP_FILES, CGROUPS), _in_folder(_cgroups), ())
    yield Parser("sysfs", _files(SYSFS_FILES, SYSFS), _in_folder(_sysfs), ())
    yield _of_file("/proc/meminfo", _meminfo, MEMINFO)
    yield _of_file("/proc/PID/status", _status, STATUS)
    yield _of_file("/proc/cpuinfo", _cpuinfo, CPUINFO, CPUINFO * 2)
    yield _of_file("/proc/stat", _stat, STAT)
    yield _of_file(str(cloud.INSTANCE_DATA), _cloud, EC2_DATA, AZURE_DATA)
    yield Parser("texts of the kernel", mutated_texts("0-3", "5", LSCPU), _texts, ())
    yield Parser("os-release", _releases(), _release, ())


def _files(names: Sequence[str], seeds: Sequence[bytes]) -> st.SearchStrategy[Files]:
    return st.lists(st.tuples(st.sampled_from(names), contents(*seeds)), max_size=6)


def _of_file(name: str, read: Callable[[Path], None], *seeds: bytes) -> Parser:
    this_machines = [Path(name).read_bytes()[:20_000]] if Path(name).is_file() else []

    def write_and_read(files: Files) -> None:
        _in_folder(lambda folder: read(folder / "file"))(files)

    inputs = contents(*seeds, *this_machines).map(lambda content: [("file", content)])
    return Parser(name, inputs, write_and_read, ())


def _in_folder(read: Callable[[Path], None]) -> Callable[[Files], None]:
    def write_and_read(files: Files) -> None:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            for name, content in files:
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            read(Path(folder))

    return write_and_read


def _holds(kind: type[Any], **changes: Any) -> None:
    """Require that a record may have these values: it is read back as it is written."""
    whole = msgspec.to_builtins(HOST if kind is Host else HOST.topology) | changes
    msgspec.json.decode(msgspec.json.encode(msgspec.convert(whole, kind)), type=kind)


def _cgroups(folder: Path) -> None:
    groups = Cgroups(folder / "proc", folder)
    limit, left, quota = groups.memory_limit(), groups.memory_left(), groups.cpu_quota()
    assert (limit is None) == (left is None)
    assert left is None or 0 <= left < 2**60
    assert OomKills(groups, folder / "memory.events").how_killed() == ""
    _holds(Host, memory_limit_gib=limit, cpu_quota=quota, container=groups.in_container())


def _sysfs(folder: Path) -> None:
    sysfs = Sysfs(folder)
    topology = facts.describe_topology(sysfs)
    _holds(Topology, **msgspec.to_builtins(topology))
    assert one_per_physical_core({0, 1}, sysfs)
    assert sysfs.throttle_events([0]) >= 0
    _holds(
        Host,
        governor=sysfs.governor([0]),
        huge_pages=sysfs.huge_pages(),
        machine=sysfs.machine(),
        numa_nodes=sysfs.numa_nodes([0]),
    )
    assert (sysfs.governor([0]) + sysfs.machine()).isprintable()
    _holds(Host, machine_type=cloud.machine_type(sysfs))


def _cloud(path: Path) -> None:
    name = cloud.machine_type(Sysfs(path.parent), path)
    assert name.isprintable()
    _holds(Host, machine_type=name)


def _meminfo(path: Path) -> None:
    left = memory.available(path, Cgroups(path / "no", path / "no"))
    assert left is None or 0 <= left <= MAX_BYTES


def _status(path: Path) -> None:
    (path.parent / "1").mkdir()
    path.rename(path.parent / "1" / "status")
    taken = memory.footprint_of(1, path.parent)
    assert 0 <= taken.peak <= MAX_BYTES
    assert 0 <= taken.loaded <= MAX_BYTES


def _cpuinfo(path: Path) -> None:
    facts.cpu_fields(path)
    flags = facts.cpu_flags(path)
    _holds(Host, cpu_flags=sorted(map(name_of, flags)))
    facts.why_impossible("AVX2", flags)


def _stat(path: Path) -> None:
    snapshot = interference.take_snapshot([0, 1], stat=path, sysfs=Sysfs(path))
    between = snapshot.until(snapshot)
    assert (between.steal, between.throttle_events) == (0.0, 0)


def _texts(text: str) -> None:
    number = whole_of(text)
    assert number is None or number >= 0
    assert name_of(text).isprintable()
    cpus_of(text)
    fields_of(text)
    text_of(Path(text or "."))


def _releases() -> st.SearchStrategy[dict[str, str]]:
    names, versions = mutated_texts("debian", "ubuntu"), mutated_texts("12", "22.04")
    return st.fixed_dictionaries({}, optional={"ID": names, "VERSION_ID": versions})


def _release(release: dict[str, str]) -> None:
    parsed = distribution.parse(release)
    assert parsed.family in ("", *distribution.MIN_VERSIONS)
    assert parsed.name.isprintable()
