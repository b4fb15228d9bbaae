"""Whether AMX really runs: the kernel grants the tiles, and a product of tiles is right.

A hypervisor may show the flags and fault at the first tile, so a product is tried in a process of
its own. Sources: Linux, Documentation/arch/x86/xstate.rst (the permission, from 5.16 on); Intel 64
and IA-32 Architectures Software Developer's Manual, volume 2 (the instructions) and section "Intel
AMX" of volume 1 (the tile configuration). Never run on a CPU that has AMX.
"""

import ctypes
import mmap
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

SYS_ARCH_PRCTL = 158
ARCH_REQ_XCOMP_PERM = 0x1023
XFEATURE_XTILEDATA = 18
# f(rdi: configuration, rsi: left, rdx: right, rcx: bytes in a row, r8: result)
CODE = (
    ("c4e2784907", "ldtilecfg [rdi]"),
    ("c4e27b49c0", "tilezero tmm0"),
    ("c4e27b4b0c0e", "tileloadd tmm1,[rsi+rcx*1]"),
    ("c4e27b4b140a", "tileloadd tmm2,[rdx+rcx*1]"),
    ("c4e26b5ec1", "tdpbssd tmm0,tmm1,tmm2"),
    ("c4c27a4b0408", "tilestored [r8+rcx*1],tmm0"),
    ("c4e27849c0", "tilerelease"),
    ("c3", "ret"),
)
ROWS, ROW_BYTES = 16, 64
TILES = 3
# Products of INT8 are summed four at a time into INT32.
GROUP = 4
TIMEOUT_S = 30
REFUSED, WRONG = 3, 4

Matrix = npt.NDArray[np.int32]


def why_no_amx() -> str:
    """Return why a product of tiles can't be computed here, empty where it can."""
    command = [sys.executable, "-m", "stages.measure.amx"]
    root = str(Path(__file__).parents[2])
    try:
        tried = subprocess.run(command, cwd=root, capture_output=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return "a tile operation did not come to an end"
    return explain(tried.returncode)


def explain(code: int) -> str:
    """Return what the exit code of this module's process says, empty where all is well."""
    if code < 0:
        return f"a tile operation ended in {signal.Signals(-code).name}"
    known = {
        0: "",
        REFUSED: "the kernel does not grant XTILEDATA (Linux 5.16 or newer does)",
        WRONG: "a tile operation gave a wrong result",
    }
    return known.get(code, f"a tile operation could not be tried (exit code {code})")


def main() -> int:
    """Multiply two tiles; return 0 where the product is right."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(SYS_ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA):
        return REFUSED
    dice = np.random.default_rng(0)
    left, right = dice.integers(-128, 128, (2, ROWS, ROW_BYTES), np.int8)
    return 0 if (product(left, right) == expected(left, right)).all() else WRONG


def product(left: npt.NDArray[np.int8], right: npt.NDArray[np.int8]) -> Matrix:
    """Return what the tile unit makes of two tiles [16, 64]: INT32 [16, 16]."""
    result = np.zeros((ROWS, ROW_BYTES // GROUP), np.int32)
    code = b"".join(bytes.fromhex(each) for each, _ in CODE)
    with mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as at:
        at.write(code)
        start = ctypes.c_char.from_buffer(at)
        pointers = [ctypes.c_void_p] * 3 + [ctypes.c_long, ctypes.c_void_p]
        function = ctypes.CFUNCTYPE(None, *pointers)(ctypes.addressof(start))
        configuration = configured()
        function(
            configuration.ctypes.data,
            left.ctypes.data,
            right.ctypes.data,
            ROW_BYTES,
            result.ctypes.data,
        )
        del start, function
    return result


def configured() -> npt.NDArray[np.uint8]:
    """Return the 64 bytes that make each of the first tiles 16 rows of 64 bytes."""
    configuration = np.zeros(64, np.uint8)
    configuration[0] = 1  # the palette
    configuration[16 : 16 + 2 * TILES].view(np.uint16)[:] = ROW_BYTES
    configuration[48 : 48 + TILES] = ROWS
    return configuration


def expected(left: npt.NDArray[np.int8], right: npt.NDArray[np.int8]) -> Matrix:
    """Return the same by plain arithmetic: row m of `left` times the four-byte columns of `right`.

    Source: the operation of TDPBSSD; each row of `right` holds four rows of the matrix, a column's
    four values side by side.
    """
    rows = right.astype(np.int32).reshape(ROWS, ROW_BYTES // GROUP, GROUP)
    matrix = rows.transpose(0, 2, 1).reshape(ROWS * GROUP, ROW_BYTES // GROUP)
    return left.astype(np.int32) @ matrix


if __name__ == "__main__":
    sys.exit(main())
