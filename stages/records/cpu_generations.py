"""Which generation of processors a CPU is of, where its name says no more than Xeon or EPYC.

By vendor, family, model and stepping, as CPUID has them and hypervisors seldom change. The numbers
are those of the Linux kernel, arch/x86/include/asm/intel-family.h and arch/x86/kernel/cpu/amd.c.
"""

import re
from dataclasses import dataclass

INTEL, AMD = "GenuineIntel", "AuthenticAMD"
_ID = re.compile(rf"({INTEL}|{AMD})-([0-9]{{1,3}})-([0-9]{{1,3}})-([0-9]{{1,3}})")


@dataclass(frozen=True, slots=True)
class Generation:
    """CPUs of one name: those of a vendor's family with these models, and steppings if given."""

    name: str
    vendor: str
    family: int
    models: tuple[range, ...]
    steppings: range = range(1000)
    has_amx: bool = False


GENERATIONS = (
    Generation("Haswell", INTEL, 6, (range(63, 64),)),
    Generation("Broadwell", INTEL, 6, (range(79, 80), range(86, 87))),
    Generation("Skylake", INTEL, 6, (range(85, 86),), range(5)),
    Generation("Cascade Lake", INTEL, 6, (range(85, 86),), range(5, 10)),
    Generation("Cooper Lake", INTEL, 6, (range(85, 86),), range(10, 1000)),
    Generation("Ice Lake", INTEL, 6, (range(106, 107), range(108, 109))),
    Generation("Sapphire Rapids", INTEL, 6, (range(143, 144),), has_amx=True),
    Generation("Emerald Rapids", INTEL, 6, (range(207, 208),), has_amx=True),
    Generation("Granite Rapids", INTEL, 6, (range(173, 175),), has_amx=True),
    Generation("Sierra Forest", INTEL, 6, (range(175, 176),)),
    Generation("Zen 2", AMD, 23, (range(48, 80), range(96, 128), range(144, 176))),
    Generation("Zen 3", AMD, 25, (range(16), range(32, 48), range(64, 96))),
    Generation("Zen 4", AMD, 25, (range(16, 32), range(96, 176))),
    Generation("Zen 5", AMD, 26, (range(48), range(64, 80), range(96, 128))),
)


def cpu_id(vendor: str, family: str, model: str, stepping: str) -> str:
    """Return the identity of a CPU by what /proc/cpuinfo shows, empty if that is none."""
    found = "-".join((vendor, family, model, stepping))
    return found if _ID.fullmatch(found) else ""


def generation_of(identity: str) -> Generation | None:
    """Return the generation of a CPU by its `cpu_id`, None if it is not among those known here."""
    parts = _ID.fullmatch(identity)
    if not parts:
        return None
    vendor, family, model, stepping = parts[1], int(parts[2]), int(parts[3]), int(parts[4])
    for one in GENERATIONS:
        known = (one.vendor, one.family) == (vendor, family) and stepping in one.steppings
        if known and any(model in models for models in one.models):
            return one
    return None


def full_name(cpu_model: str, identity: str) -> str:
    """Return a CPU's name with its generation behind it, if that is known."""
    generation = generation_of(identity)
    return f"{cpu_model} ({generation.name})" if generation else cpu_model
