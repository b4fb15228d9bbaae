"""The emulator's decoder beside disassemblers: capstone for lengths, objdump for AMX.

    python -m tests.emulator.disassemblers LIBRARY...

compares the lengths of all instructions of these libraries, and lists the differences.
"""

import collections
import ctypes
import re
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import capstone
import numpy as np

from tests.emulator.building import FLAGS, SOURCES

SLOT = 32  # bytes for each instruction; what follows it is NOPs
CHUNK = 1 << 24
NOP = b"\x90"


class Instruction(ctypes.Structure):
    """`struct instruction` of the emulator."""

    _fields_ = [
        ("operation", ctypes.c_uint8),
        ("length", ctypes.c_uint8),
        ("destination", ctypes.c_uint8),
        ("left", ctypes.c_uint8),
        ("right", ctypes.c_uint8),
        ("base", ctypes.c_int8),
        ("index", ctypes.c_int8),
        ("scale", ctypes.c_uint8),
        ("displacement", ctypes.c_int64),
    ]


def build_decoder(folder: Path) -> ctypes.CDLL:
    """Build the decoder alone as a library, and a loop over many instructions."""
    loop = folder / "loop.c"
    loop.write_text(
        '#include "decode.h"\n'
        "void decode_lengths(const uint8_t *code, long size, const uint32_t *at, long count,\n"
        "                    uint8_t *lengths) {\n"
        "    for (long i = 0; i < count; i++)\n"
        "        lengths[i] = (uint8_t)decode_length(code + at[i], code + size);\n"
        "}\n",
        encoding="utf-8",
    )
    sources = [str(loop), str(SOURCES / "decode.c"), str(SOURCES / "length.c")]
    target = folder / "decoder.so"
    options = ["-shared", "-fPIC", f"-I{SOURCES}", "-o", str(target)]
    subprocess.run(["gcc", *FLAGS, *options, *sources], check=True)
    return ctypes.CDLL(str(target))


def lengths(decoder: ctypes.CDLL, code: bytes, offsets: Sequence[int]) -> Any:
    """Return the emulator's lengths of the instructions at `offsets` [n], 0 for none."""
    at = np.array(offsets, np.uint32)
    found = np.zeros(len(at), np.uint8)
    decoder.decode_lengths(
        code,
        ctypes.c_long(len(code)),
        at.ctypes.data_as(ctypes.c_void_p),
        ctypes.c_long(len(at)),
        found.ctypes.data_as(ctypes.c_void_p),
    )
    return found


def code_of(path: Path) -> Iterator[bytes]:
    """Yield the executable segments of an ELF file."""
    content = path.read_bytes()
    table, size, count = (
        struct.unpack_from("<Q", content, 32)[0],
        *struct.unpack_from("<HH", content, 54),
    )
    for i in range(count):
        kind, flags, offset, _, _, length = struct.unpack_from("<IIQQQQ", content, table + i * size)
        if kind == 1 and flags & 1:
            yield content[offset : offset + length]


def compare_lengths(decoder: ctypes.CDLL, code: bytes) -> tuple[int, "collections.Counter[str]"]:
    """Compare with capstone: how many instructions it knows, and the differences by mnemonic."""
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    engine.skipdata = True
    total, differences = 0, collections.Counter[str]()
    for begin in range(0, len(code), CHUNK):
        part = code[begin : begin + CHUNK]
        known = [
            (offset, size, name)
            for offset, size, name, _ in engine.disasm_lite(part, 0)
            if name != ".byte" and offset + size <= len(part) - 16
        ]
        found = lengths(decoder, part, [offset for offset, _, _ in known])
        total += len(known)
        for i in np.flatnonzero(found != np.array([size for _, size, _ in known], np.uint8)):
            offset, size, name = known[i]
            differences[f"{name}: {part[offset : offset + size].hex(' ')}: {found[i]}"] += 1
    return total, differences


def disassemble(codes: Sequence[bytes]) -> list[str]:
    """Return what objdump says of each of these instructions, in Intel's syntax."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(code.ljust(SLOT, NOP) for code in codes))
        file.flush()
        options = ["-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "-w"]
        lines = subprocess.run(
            ["objdump", *options, file.name], check=True, capture_output=True, text=True
        ).stdout.splitlines()
    texts = [""] * len(codes)
    for line in lines:
        found = re.match(r"\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*(?:\t(.*))?$", line)
        if found and int(found[1], 16) % SLOT == 0:
            size = len(found[2].split())
            texts[int(found[1], 16) // SLOT] = f"{size} {(found[3] or '').strip()}"
    return texts


def main(paths: Sequence[str]) -> None:
    """Compare the lengths of all instructions of these files, and print what differs."""
    with tempfile.TemporaryDirectory() as folder:
        decoder = build_decoder(Path(folder))
        for path in paths:
            total, differences = 0, collections.Counter[str]()
            for code in code_of(Path(path)):
                known, unlike = compare_lengths(decoder, code)
                total, differences = total + known, differences + unlike
            print(f"{path}: {total} instructions, {differences.total()} differences", flush=True)
            for text, count in differences.most_common(25):
                print(f"  {count} {text}")


if __name__ == "__main__":
    main(sys.argv[1:])
