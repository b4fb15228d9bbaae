"""What the machine is, and which ISAs it can run."""

import os
import platform
import subprocess
from pathlib import Path

from stages.common.host import cgroups
from stages.common.host.amx_probe import why_no_tiles
from stages.common.host.boot import boot_id
from stages.common.host.cloud import machine_type
from stages.common.host.kernel_text import fields_of, name_of, text_of
from stages.common.host.memory import GIB
from stages.common.host.topology import HERE, Sysfs
from stages.common.host.versions import versions
from stages.errors import HostError
from stages.isa import AMX, ISA_NAMES, missing_flags
from stages.records.base import UNKNOWN, Host, Topology
from stages.records.cpu_features import contradiction
from stages.records.cpu_generations import cpu_id

# Seconds; it reads a few files.
LSCPU_S = 10.0
CPUINFO = Path("/proc/cpuinfo")
# Fields of it that together say which CPU it is.
OF_ID = ("vendor_id", "cpu family", "model", "stepping")


def cpu_fields(path: Path = CPUINFO) -> dict[str, str]:
    """Return the fields of the first processor in /proc/cpuinfo, none if it can't be read."""
    return fields_of(text_of(path).split("\n\n", 1)[0])


def cpu_flags(path: Path = CPUINFO) -> frozenset[str]:
    """Return the CPU flags that the kernel shows for every processor: they may differ."""
    lines = {line for line in text_of(path).splitlines() if line.startswith("flags")}
    shown = [frozenset(line.partition(":")[2].split()) for line in lines]
    return frozenset.intersection(*shown) if shown else frozenset()


def describe_host(cores: list[int]) -> Host:
    """Return the record of this machine, for a measurement on `cores`."""
    fields, flags, sysfs = cpu_fields(), cpu_flags(), HERE
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = cgroups.HERE.memory_limit()
    return Host(
        cpu_model=name_of(fields.get("model name", "")) or UNKNOWN,
        cpu_flags=sorted(map(name_of, flags)),
        microcode=name_of(fields.get("microcode", "")) or UNKNOWN,
        machine=sysfs.machine(),
        machine_type=machine_type(sysfs),
        kernel=platform.release(),
        boot_id=boot_id(),
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
        cpu_id=cpu_id(*(fields.get(name, "") for name in OF_ID)),
    )


def require_consistent(host: Host) -> None:
    """Raise HostError if the CPU can't have the flags that it shows: nothing timed there counts."""
    if problem := contradiction(host.cpu_model, host.cpu_flags, host.cpu_id):
        raise HostError(f"{problem}; unload the emulator, or measure on a machine that has AMX")


def require_quota(host: Host) -> None:
    """Raise HostError if the CPU quota is below the pinned cores: each turn would be stopped."""
    if shortage := quota_shortage(host):
        raise HostError(f"CPU quota of {shortage}, or pin fewer cores (VGG19_CORES)")


def no_cell_runs(reason: str) -> HostError:
    """Return the error for a CPU that has the instructions for none of the cells asked for."""
    remedy = "ask for other isas, or use another machine"
    return HostError(f"no cell can run here ({reason}); {remedy}")


def require_int8_kernels(flags: frozenset[str]) -> None:
    """Raise HostError if this CPU is below the lowest ISA that oneDNN has INT8 kernels for."""
    lowest = ISA_NAMES[0]
    if reason := why_impossible(lowest, flags):
        raise HostError(f"INT8 needs at least {lowest} ({reason}); use another CPU")


def quota_shortage(host: Host) -> str:
    """Return by how much the CPU quota is below the pinned cores, with the remedy; else empty."""
    if host.cpu_quota is None or host.cpu_quota >= len(host.cores_pinned):
        return ""
    return f"{host.cpu_quota:g} CPUs for {len(host.cores_pinned)} cores; raise the quota"


def describe_topology(sysfs: Sysfs) -> Topology:
    """Return the record of the CPUs that are switched on."""
    online = sysfs.online()
    cores = sysfs.physical_cores(online)
    return Topology(
        sockets=sysfs.sockets(online),
        physical_cores=cores,
        threads_per_core=len(online) / cores,
        numa_nodes=len(sysfs.numa_nodes(online)),
    )


def hypervisor_vendor() -> str | None:
    """Return the vendor of the hypervisor, from CPUID by lscpu; None if lscpu shows none."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        shown = subprocess.run(
            ["lscpu"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=LSCPU_S,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return name_of(fields_of(shown.decode(errors="replace")).get("Hypervisor vendor", "")) or None


def why_impossible(isa: str, flags: frozenset[str]) -> str | None:
    """Return why this host, whose CPU has `flags`, can't run `isa`; None if it can."""
    missing = missing_flags(isa, flags)
    if missing:
        return f"no {' '.join(missing)} flag" + ("s" if len(missing) > 1 else "")
    return why_no_tiles() if isa == AMX else None
