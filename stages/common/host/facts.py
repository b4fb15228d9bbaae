"""What the machine is and which rungs of the ladder it can run."""

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from stages.common.host import cgroups
from stages.common.host.amx_probe import why_no_tiles
from stages.common.host.memory import GIB
from stages.common.host.topology import HERE, Sysfs
from stages.isa import AMX, missing_flags
from stages.records.base import Host, Topology

CPUINFO = Path("/proc/cpuinfo")
PACKAGES = (
    "tensorflow-cpu",
    "tensorflow",
    "intel-extension-for-tensorflow",
    "neural-compressor",
    "mlcommons-loadgen",
    "openvino",
    "onnxruntime",
    "numpy",
)


def cpu_fields(path: Path = CPUINFO) -> dict[str, str]:
    """Return the fields of the first processor in /proc/cpuinfo."""
    first = path.read_text().split("\n\n", 1)[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def cpu_flags(path: Path = CPUINFO) -> frozenset[str]:
    """Return the CPU flags that the kernel shows."""
    return frozenset(cpu_fields(path).get("flags", "").split())


def describe_host(cores: list[int]) -> Host:
    """Return the record of this machine, of which `cores` are measured on."""
    fields, flags, sysfs = cpu_fields(), cpu_flags(), HERE
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = cgroups.HERE.memory_limit()
    return Host(
        cpu_model=fields.get("model name", "unknown"),
        cpu_flags=sorted(flags),
        microcode=fields.get("microcode", "unknown"),
        machine=sysfs.machine(),
        kernel=platform.release(),
        hypervisor="hypervisor" in flags,
        hypervisor_vendor=hypervisor_vendor(),
        topology=describe_topology(sysfs),
        memory_gib=round(memory / GIB, 1),
        memory_limit_gib=round(limit / GIB, 1) if limit else None,
        cpu_quota=cgroups.HERE.cpu_quota(),
        container=cgroups.HERE.in_container(),
        governor=sysfs.governor(cores),
        huge_pages=sysfs.huge_pages(),
        cores_allowed=sorted(os.sched_getaffinity(0)),
        cores_pinned=cores,
        numa_nodes=sysfs.numa_nodes(cores),
        versions=versions(),
    )


def describe_topology(sysfs: Sysfs) -> Topology:
    """Return how the machine's CPUs that are switched on are built."""
    online = sysfs.online()
    cores = sysfs.physical_cores(online)
    return Topology(
        sockets=sysfs.sockets(online),
        physical_cores=cores,
        threads_per_core=len(online) / cores,
        numa_nodes=len(sysfs.numa_nodes(online)),
    )


def hypervisor_vendor() -> str | None:
    """Return whose hypervisor this is, as lscpu has it from CPUID; None where it tells none."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        shown = subprocess.run(["lscpu"], capture_output=True, text=True, env=environment).stdout
    except FileNotFoundError:
        return None
    pairs = dict(line.split(":", 1) for line in shown.splitlines() if ":" in line)
    return pairs.get("Hypervisor vendor", "").strip() or None


def why_impossible(isa: str, flags: frozenset[str]) -> str | None:
    """Return why this host can't run `isa`, or None where it can."""
    missing = missing_flags(isa, flags)
    if missing:
        return f"no {' '.join(missing)} flag" + ("s" if len(missing) > 1 else "")
    return why_no_tiles() if isa == AMX else None


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that run models."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
