"""What the machine is and which rungs of the ladder it can run."""

import ctypes
import os
import platform
from importlib import metadata
from pathlib import Path

from stages.isa import missing_flags
from stages.records.base import Host

CPUINFO = Path("/proc/cpuinfo")
PACKAGES = (
    "tensorflow-cpu",
    "tensorflow",
    "intel-extension-for-tensorflow",
    "openvino",
    "onnxruntime",
    "numpy",
)
SYS_ARCH_PRCTL = 158
ARCH_REQ_XCOMP_PERM = 0x1023
XFEATURE_XTILEDATA = 18


def cpu_fields(path: Path = CPUINFO) -> dict[str, str]:
    """Return the fields of the first processor in /proc/cpuinfo."""
    first = path.read_text().split("\n\n", 1)[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def cpu_flags(path: Path = CPUINFO) -> frozenset[str]:
    """Return the CPU flags that the kernel shows."""
    return frozenset(cpu_fields(path).get("flags", "").split())


def describe_host(cores: list[int]) -> Host:
    """Return the record of this machine."""
    fields = cpu_fields()
    flags = cpu_flags()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Host(
        cpu_model=fields.get("model name", "unknown"),
        cpu_flags=sorted(flags),
        microcode=fields.get("microcode", "unknown"),
        kernel=platform.release(),
        hypervisor="hypervisor" in flags,
        memory_gib=round(memory / 2**30, 1),
        cores_pinned=cores,
        versions=versions(),
    )


def has_bf16(flags: frozenset[str]) -> bool:
    """Tell whether the CPU multiplies BF16 natively."""
    return bool(flags & {"avx512_bf16", "amx_bf16"})


def why_impossible(isa: str, flags: frozenset[str]) -> str | None:
    """Return why this host can't run `isa`, or None where it can."""
    missing = missing_flags(isa, flags)
    if missing:
        return f"no {' '.join(missing)} flag" + ("s" if len(missing) > 1 else "")
    if isa == "AVX512_CORE_AMX" and not _tile_data_granted():
        return "the kernel does not grant XTILEDATA"
    return None


def _tile_data_granted() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.syscall(SYS_ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that run models."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
