"""The ladder of instruction sets that oneDNN can be capped at, in oneDNN's own names.

Source: oneDNN 3.3, "CPU dispatcher control"; the header texts are what ONEDNN_VERBOSE prints.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rung:
    """One value of ONEDNN_MAX_CPU_ISA.

    `flags` are the /proc/cpuinfo flags it needs beyond the rung below; `header` is the text
    after `isa:` in the verbose log of a process capped at this rung on a host that has it.
    """

    name: str
    label: str
    flags: tuple[str, ...]
    header: str


LADDER = (
    Rung("AVX2", "AVX2", ("avx2",), "Intel AVX2"),
    Rung(
        "AVX512_CORE",
        "AVX-512",
        ("avx512f", "avx512bw", "avx512vl", "avx512dq"),
        "Intel AVX-512 with AVX512BW, AVX512VL, and AVX512DQ extensions",
    ),
    Rung(
        "AVX512_CORE_VNNI",
        "AVX-512 VNNI",
        ("avx512_vnni",),
        "Intel AVX-512 with Intel DL Boost",
    ),
    Rung(
        "AVX512_CORE_BF16",
        "AVX-512 BF16",
        ("avx512_bf16",),
        "Intel AVX-512 with Intel DL Boost and bfloat16 support",
    ),
    Rung(
        "AVX512_CORE_FP16",
        "AVX-512 FP16",
        ("avx512_fp16", "avx_vnni"),
        "Intel AVX-512 with float16, Intel DL Boost and bfloat16 support",
    ),
    Rung(
        "AVX512_CORE_AMX",
        "AMX",
        ("amx_tile", "amx_int8", "amx_bf16"),
        "Intel AVX-512 with float16, Intel DL Boost and bfloat16 support and "
        "Intel AMX with bfloat16 and 8-bit integer support",
    ),
)
ISA_NAMES = tuple(rung.name for rung in LADDER)


def rung(isa: str) -> Rung:
    """Return the rung called `isa`; KeyError where there is none."""
    return {each.name: each for each in LADDER}[isa]


def missing_flags(isa: str, cpu_flags: frozenset[str]) -> tuple[str, ...]:
    """Return the CPU flags that `isa` and the rungs below it need and `cpu_flags` lacks."""
    needed = [flag for each in LADDER[: ISA_NAMES.index(isa) + 1] for flag in each.flags]
    return tuple(flag for flag in needed if flag not in cpu_flags)
