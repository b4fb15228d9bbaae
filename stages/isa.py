"""The ladder of instruction sets that oneDNN can be capped at, in oneDNN's own names.

Source: oneDNN 3.3, "CPU dispatcher control"; the header texts are what ONEDNN_VERBOSE prints.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Isa:
    """One value of ONEDNN_MAX_CPU_ISA.

    `meaning` says what it lets oneDNN use beyond the ISA below; `flags` are the /proc/cpuinfo flags
    that it needs beyond those of the ISA below; `header` is the text after `isa:` in the verbose
    log of a process capped at this ISA on a host that has it. `multiplies` are the source types, in
    oneDNN's words, that it has other instructions for than the ISA below.
    """

    name: str
    label: str
    meaning: str
    flags: tuple[str, ...]
    header: str
    multiplies: frozenset[str]


LADDER = (
    Isa(
        "AVX2",
        "AVX2",
        "vectors of 256 bits",
        ("avx2",),
        "Intel AVX2",
        frozenset({"f32", "s8", "u8"}),
    ),
    Isa(
        "AVX512_CORE",
        "AVX-512",
        "vectors of 512 bits",
        ("avx512f", "avx512bw", "avx512vl", "avx512dq"),
        "Intel AVX-512 with AVX512BW, AVX512VL, and AVX512DQ extensions",
        frozenset({"f32", "s8", "u8", "bf16"}),
    ),
    Isa(
        "AVX512_CORE_VNNI",
        "AVX-512 VNNI",
        "INT8 dot products in one instruction, without saturation",
        ("avx512_vnni",),
        "Intel AVX-512 with Intel DL Boost",
        frozenset({"s8", "u8"}),
    ),
    Isa(
        "AVX512_CORE_BF16",
        "AVX-512 BF16",
        "BF16 products",
        ("avx512_bf16",),
        "Intel AVX-512 with Intel DL Boost and bfloat16 support",
        frozenset({"bf16"}),
    ),
    Isa(
        "AVX512_CORE_FP16",
        "AVX-512 FP16",
        "FP16 arithmetic",
        ("avx512_fp16", "avx_vnni"),
        "Intel AVX-512 with float16, Intel DL Boost and bfloat16 support",
        frozenset({"f16"}),
    ),
    Isa(
        "AVX512_CORE_AMX",
        "AMX",
        "the tile unit, for INT8 and BF16 products",
        ("amx_tile", "amx_int8", "amx_bf16"),
        "Intel AVX-512 with float16, Intel DL Boost and bfloat16 support and "
        "Intel AMX with bfloat16 and 8-bit integer support",
        frozenset({"s8", "u8", "bf16"}),
    ),
)
ISA_NAMES = tuple(isa.name for isa in LADDER)
# The one whose flags prove little: a hypervisor may show them and fault on the instructions.
AMX = ISA_NAMES[-1]
# The highest without AMX whose flags are no claim of its emulator's: what that needs.
AMX_STAND_IN = "AVX512_CORE_BF16"


def get_isa(name: str) -> Isa:
    """Return the ISA called `name`; KeyError if there is none."""
    return {isa.name: isa for isa in LADDER}[name]


def rank(name: str) -> int:
    """Return an ISA's place in LADDER, 0 for the lowest; ValueError if there is none."""
    return ISA_NAMES.index(name)


def missing_flags(isa: str, cpu_flags: frozenset[str]) -> tuple[str, ...]:
    """Return the CPU flags that `isa` and those below it need and `cpu_flags` lacks."""
    needed = [flag for level in LADDER[: rank(isa) + 1] for flag in level.flags]
    return tuple(flag for flag in needed if flag not in cpu_flags)


def can_stand_in(cpu_flags: frozenset[str]) -> bool:
    """Return whether a CPU with these flags lacks AMX and can carry its emulation."""
    return not cpu_flags & {*LADDER[-1].flags} and not missing_flags(AMX_STAND_IN, cpu_flags)


def brings(types: frozenset[str], isa: str) -> str | None:
    """Return the highest ISA up to `isa` with instructions of its own for any of these types."""
    found = [level.name for level in LADDER[: rank(isa) + 1] if level.multiplies & types]
    return found[-1] if found else None
