"""The decoder beside two disassemblers: capstone for lengths, objdump for AMX's operands.

capstone 5 knows no AMX, so what it says of lengths is compared, and objdump is asked about AMX.
"""

import random
import re
import shutil
import sys
from ctypes import CDLL, byref, c_uint64
from pathlib import Path

import pytest

from tests.emulator.building import run

pytest.importorskip("capstone", reason="capstone is not installed")
from tests.emulator import disassemblers

NAMES = (
    *("ldtilecfg", "sttilecfg", "tilerelease", "tilezero", "tileloadd", "tilestored"),
    *("tdpbuud", "tdpbusd", "tdpbsud", "tdpbssd", "tdpbf16ps", "tdpfp16ps"),
)
REGISTERS = (
    *("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"),
    *(f"r{number}" for number in range(8, 16)),
)
ADDRESS = 0x400000000000
# Where they differ. capstone is wrong: UD0 and UD1 have a ModRM (Intel's manual, objdump); RET with
# an operand-size prefix and REX has two bytes of immediate, as without. It differs from itself: of
# near jumps with an operand-size prefix, which Intel ignores and AMD obeys, it shortens some. It
# also knows VIA's instructions, which no CPU with AVX-512 has.
KNOWN_DIFFERENCES = re.compile(
    r"^(ud0|ud1): |^retf?q?: .*66|^j\w+: .*66.* 0f 8|^(montmul|xsha|xcrypt|xstore)"
)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> CDLL:
    return disassemblers.build_decoder(tmp_path_factory.mktemp("decoder"))


@pytest.mark.parametrize("library", ["libc.so.6", "libstdc++.so.6", "libm.so.6"])
def test_all_lengths_in_a_library_are_capstones(decoder: CDLL, library: str) -> None:
    path = Path("/lib/x86_64-linux-gnu") / library
    if not path.exists():
        pytest.skip(f"no {path}")
    for code in disassemblers.code_of(path):
        total, differences = disassemblers.compare_lengths(decoder, code)
        assert total > 10000
        assert not differences


def test_lengths_in_random_bytes_are_capstones_but_for_what_it_gets_wrong(decoder: CDLL) -> None:
    total, differences = disassemblers.compare_lengths(decoder, random.Random(7).randbytes(1 << 20))

    assert total > 300000
    assert [text for text in differences if not KNOWN_DIFFERENCES.search(text)] == []


def test_no_length_reaches_beyond_the_end(decoder: CDLL) -> None:
    code = bytes.fromhex("c4e2735ec2")

    for count in range(1, 5):
        assert disassemblers.lengths(decoder, code[:count], [0])[0] in range(count + 1)
    assert disassemblers.lengths(decoder, code, [0])[0] == 5


def decode(decoder: CDLL, code: bytes) -> "disassemblers.Instruction | None":
    found = disassemblers.Instruction()
    known = decoder.decode_amx(code.ljust(32, b"\0"), 15, c_uint64(ADDRESS), byref(found))
    return found if known & 1 else None


def samples(count: int) -> list[bytes]:
    """Return random encodings in AMX's corner of VEX, most of them such as processors have."""
    source = random.Random(3)
    chosen = []
    for _ in range(count):
        opcode, rest = (
            source.choice((0x49, 0x49, 0x4B, 0x4B, 0x5C, 0x5E, 0x48)),
            source.randbytes(6),
        )
        second, third = source.choice((0xE2, 0xC2, 0xA2, 0x82)), 0x78 | source.randrange(4)
        if opcode in (0x5C, 0x5E):
            second, third = 0xE2, 0x40 | source.randrange(64) & 0x3B
            rest = bytes((rest[0] | 0xC0,)) + rest[1:]
        if opcode == 0x4B:
            rest = bytes((rest[0] & 0xB8 | 4,)) + rest[1:]
        if opcode == 0x49:
            rest = bytes((rest[0] & source.choice((0xC7, 0xF8)),)) + rest[1:]
        if source.random() < 0.2:
            second, third = source.choice((0xE1, 0xE3, 0x62, 0xC2)), source.randrange(256)
        chosen.append(bytes((0xC4, second, third, opcode)) + rest)
    return chosen


def written(it: "disassemblers.Instruction") -> str:
    """Return an instruction as objdump writes it, without what it knows better: the address."""
    name, tiles = NAMES[it.operation], [f"tmm{it.destination}"]
    if name.startswith("tdp"):
        tiles += [f"tmm{it.left}", f"tmm{it.right}"]
    if name == "tilerelease":
        return name
    if name == "tilezero" or name.startswith("tdp"):
        return f"{name} {','.join(tiles)}"
    parts = [REGISTERS[it.base]] if it.base >= 0 else []
    parts += [f"{REGISTERS[it.index]}*{1 << it.scale}"] if it.index >= 0 else []
    return f"{name} {'+'.join(parts)}".strip()


def normalized(text: str) -> str:
    """Return objdump's text in the same form."""
    name, _, operands = text.partition(" ")
    name = name.replace("tileloaddt1", "tileloadd")
    memory = re.search(r"\[(.*?)\]", operands)
    if not memory and "ds:" not in operands:
        return f"{name} {operands.strip()}".strip()
    inside = memory[1] if memory else ""
    parts = [
        part
        for part in re.split(r"[+-]", inside)
        if part[:1] == "r" and part[:3] not in ("riz", "rip")
    ]
    return f"{name} {'+'.join(parts)}".strip()


@pytest.mark.skipif(not shutil.which("objdump"), reason="no objdump")
def test_amx_operands_are_objdumps(decoder: CDLL) -> None:
    codes = samples(20000)
    texts = disassemblers.disassemble(codes)
    decoded, unlike = 0, []
    for code, text in zip(codes, texts, strict=True):
        size, _, rest = text.replace("/(bad)", "").partition(" ")  # of one tile twice
        found = decode(decoder, code)
        known = normalized(rest).split(" ")[0] in NAMES and "(bad)" not in rest
        if found:
            decoded += 1
            if not known or int(size) != found.length or normalized(rest) != written(found):
                unlike.append((code.hex(" "), text, written(found)))
        elif known and is_valid(code):
            unlike.append((code.hex(" "), text, "not decoded"))
    assert decoded > 7000
    assert unlike == []


def is_valid(code: bytes) -> bool:
    """Whether a processor executes what objdump prints: it ignores some bits that are fixed."""
    in_memory, not_v = code[4] >> 6 != 3, code[2] >> 3 & 15
    product = code[3] in (0x5C, 0x5E)
    if not code[1] & 0x80 or code[2] & 0x84:
        return False
    if product:
        return not in_memory and not_v >= 8 and bool(code[1] & 0x20)
    fixed = code[4] & (0x38 if in_memory else 0x07) if code[3] == 0x49 else 0
    return not_v == 15 and not fixed and (in_memory or bool(code[1] & 0x20))


def test_displacements_and_what_follows_them(decoder: CDLL) -> None:
    near = decode(decoder, bytes.fromhex("c4e2784940f0"))  # ldtilecfg [rax-16]
    far = decode(decoder, bytes.fromhex("c4e278498000100000"))  # ldtilecfg [rax+0x1000]
    relative = decode(decoder, bytes.fromhex("c4e2784905fcffffff"))  # ldtilecfg [rip-4]
    absolute = decode(decoder, bytes.fromhex("c4e27b4b0c2500100000"))  # tileloadd tmm1, [0x1000]

    assert near is not None
    assert (near.base, near.displacement) == (0, -16)
    assert far is not None
    assert far.displacement == 0x1000
    assert relative is not None
    assert (relative.base, relative.displacement) == (-1, ADDRESS + 9 - 4)
    assert absolute is not None
    assert (absolute.base, absolute.index, absolute.displacement) == (-1, -1, 0x1000)


def test_the_sites_in_libraries_are_those_of_a_full_disassembly(library: Path) -> None:
    """CPUID and XGETBV, found from the unwinder's table, are all that capstone finds."""
    import capstone

    names = ("libstdc++.so.6", "libgcc_s.so.1", "libc.so.6", "libm.so.6")
    folder = Path("/lib/x86_64-linux-gnu")
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    engine.skipdata = True
    expected = sum(
        name in ("cpuid", "xgetbv")
        for file in names
        for code in disassemblers.code_of(folder / file)
        for _, _, name, _ in engine.disasm_lite(code, 0)
    )
    code = f"import ctypes\nfor name in {names}: ctypes.CDLL(name)"
    others = "import ctypes"
    loaded = run(library, sys.executable, "-c", code, AMXEMU_REPORT="1")
    plain = run(library, sys.executable, "-c", others, AMXEMU_REPORT="1")
    counts = [int(re.findall(r" sites (\d+)", done.stderr)[0]) for done in (loaded, plain)]

    assert counts[0] - counts[1] == expected
