#!/usr/bin/env python3
"""Build libamxemu.so: `build.py OUTPUT`, with `--cc COMMAND` for another compiler than gcc.

The same compiler gives the same bytes, wherever and whenever it runs. Standard library only.
"""

import argparse
import os
import shlex
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
CODE = ("-std=gnu11", "-O2", "-g0", "-fPIC", "-fvisibility=hidden")
# Nothing that a handler of signals would run beside its own code; no path of this machine.
PLAIN = ("-fno-stack-protector", "-fno-sanitize=all", f"-ffile-prefix-map={SOURCES}=.")
WARNINGS = (
    *("-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-Wstrict-prototypes", "-Wvla"),
    "-Wframe-larger-than=1024",  # README.md argues what a stack must have room for
)
# What multiplies tiles, and it alone, uses what it needs of the CPU.
VECTORS = (
    *("-O3", "-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl", "-mavx512vnni"),
    *("-mfma", "-mf16c", "-mbmi2", "-ffp-contract=off"),
)
WITH_VECTORS = ("tiles.c", "products.c")
LINK = (
    *("-shared", "-s", "-Wl,-z,now", "-Wl,-z,noexecstack", "-Wl,-z,defs", "-Wl,--build-id=none"),
    "-Wl,-soname,libamxemu.so",
)
# ELF: where a header's fields are, and what a dynamic section says to the loader.
PROGRAM_HEADERS, SIZE_AND_COUNT, HEADER_OFFSET, HEADER_SIZE = 32, 54, 8, 32
PT_DYNAMIC, DT_FLAGS_1, DF_1_INITFIRST = 2, 0x6FFFFFFB, 0x20


def main() -> None:
    """Build the library as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="file to write")
    parser.add_argument("--cc", default="gcc", help="compiler, with its own options")
    parser.add_argument("--test", action="store_true", help="with what its tests need")
    parser.add_argument("-D", dest="limits", action="append", default=[], help="NAME=VALUE")
    asked = parser.parse_args()
    macros = [*(["AMXEMU_TEST"] if asked.test else []), *asked.limits]
    build(asked.output, shlex.split(asked.cc), [f"-D{macro}" for macro in macros])


def build(output: Path, compiler: Sequence[str], macros: Sequence[str]) -> None:
    """Compile all sources in the order of their names, and link them."""
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for source in sorted([*SOURCES.glob("*.c"), *SOURCES.glob("*.S")]):
            objects.append(str(Path(folder, f"{source.name}.o")))
            own = VECTORS if source.name in WITH_VECTORS else ()
            options = (*CODE, *PLAIN, *WARNINGS, *own, *macros) if source.suffix == ".c" else ()
            _run([*compiler, *options, "-c", "-o", objects[-1], str(source)])
        library = Path(folder, "libamxemu.so")
        _run([*compiler, *LINK, "-o", str(library), *objects])
        _write(output, initialized_first(library.read_bytes()))


def _write(output: Path, content: bytes) -> None:
    """Write the file at once: another process may be about to load it."""
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.chmod(0o755)
    partial.replace(output)


def initialized_first(library: bytes) -> bytes:
    """Return a shared object that the loader initializes before all others.

    That is the linker's `-z initfirst`, which not every compiler passes on.
    """
    content = bytearray(library)
    (table,) = struct.unpack_from("<Q", content, PROGRAM_HEADERS)
    size, count = struct.unpack_from("<HH", content, SIZE_AND_COUNT)
    for header in range(table, table + size * count, size):
        if struct.unpack_from("<I", content, header)[0] == PT_DYNAMIC:
            (begin,) = struct.unpack_from("<Q", content, header + HEADER_OFFSET)
            (length,) = struct.unpack_from("<Q", content, header + HEADER_SIZE)
            _flag(content, range(begin, begin + length, 16))
    return bytes(content)


def _flag(content: bytearray, entries: range) -> None:
    for entry in entries:
        tag, value = struct.unpack_from("<qQ", content, entry)
        if tag == DT_FLAGS_1:
            struct.pack_into("<qQ", content, entry, tag, value | DF_1_INITFIRST)
            return
    raise AssertionError("-z now gives the section flags")


def _run(command: Sequence[str]) -> None:
    """Run a command; end with its code, and what it printed, if it fails."""
    if code := subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
        sys.exit(code)


if __name__ == "__main__":
    main()
