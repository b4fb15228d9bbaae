"""Whether AMX really works here: a tile product, tried in a child process, and checked.

A hypervisor may show AMX's flags and fault on its instructions, so flags prove little. The bytes
agree with an assembler's, and under an emulator of AMX the products were right. They were never run
on a processor with AMX.
`python -m stages.common.host.amx_probe INSTRUCTION` is the child; it may die by a signal.
"""

import ctypes
import mmap
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

SYS_ARCH_PRCTL = 158
ARCH_REQ_XCOMP_PERM = 0x1023
XFEATURE_XTILEDATA = 18
FIRST_KERNEL = (5, 16)
GRANTED, REFUSED = b"granted\n", b"refused\n"
CHILD_TIMEOUT_S = 60

# A tile has 16 rows of 64 bytes; a product's is 16 x 16 numbers of 4 bytes.
ROWS, ROW_BYTES = 16, 64
Bytes = npt.NDArray[np.uint8]

# Calls pass the configuration in rdi, the factors in rsi and rdx, the result in rcx.
BEFORE = (
    (b"\xc4\xe2\x78\x49\x07", "ldtilecfg [rdi]"),
    (b"\xc4\xe2\x7b\x49\xc0", "tilezero tmm0"),
    (b"\xb8\x40\x00\x00\x00", "mov eax,0x40"),
    (b"\xc4\xe2\x7b\x4b\x0c\x06", "tileloadd tmm1,[rsi+rax*1]"),
    (b"\xc4\xe2\x7b\x4b\x14\x02", "tileloadd tmm2,[rdx+rax*1]"),
)
PRODUCTS = {
    "tdpbssd": (b"\xc4\xe2\x6b\x5e\xc1", "tdpbssd tmm0,tmm1,tmm2"),
    "tdpbf16ps": (b"\xc4\xe2\x6a\x5c\xc1", "tdpbf16ps tmm0,tmm1,tmm2"),
}
AFTER = (
    (b"\xc4\xe2\x7a\x4b\x04\x01", "tilestored [rcx+rax*1],tmm0"),
    (b"\xc4\xe2\x78\x49\xc0", "tilerelease"),
    (b"\xc3", "ret"),
)


@dataclass(frozen=True, slots=True)
class Probe:
    """The outcome of a tile product.

    `granted` is false if the kernel refused XTILEDATA; `failure` is what else went wrong.
    """

    granted: bool
    failure: str | None

    @property
    def why_not(self) -> str | None:
        """Why tiles can't be used, None if the product was right."""
        if not self.granted:
            return "the kernel does not grant XTILEDATA"
        return self.failure


def why_no_tiles() -> str | None:
    """Return why AMX's INT8 and BF16 products can't run here, None if both were right.

    A kernel's version only explains what failed: some makers put AMX into an older one.
    """
    reason = next(filter(None, (probe(instruction).why_not for instruction in PRODUCTS)), None)
    if reason and is_kernel_too_old(platform.release()):
        return f"Linux {platform.release()} has no AMX; 5.16 is the first that does"
    return reason


def is_kernel_too_old(release: str) -> bool:
    """Return whether Linux `release`, such as `6.1.0-13-amd64`, came before AMX."""
    return tuple(int(part) for part in re.findall(r"\d+", release)[:2]) < FIRST_KERNEL


@cache
def probe(instruction: str, preload: str = "") -> Probe:
    """Run `instruction`, one of PRODUCTS, in a child and compare its result with numpy's.

    The product is tried even if permission is refused, for the signal that it then ends by. The
    child has the library `preload`, an emulator, if one is named.
    """
    environment = {**os.environ, **({"LD_PRELOAD": preload} if preload else {})}
    command = [sys.executable, "-m", __name__, instruction]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CHILD_TIMEOUT_S,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        refused = REFUSED in (error.stdout or b"")
        return Probe(not refused, f"{instruction} took over {CHILD_TIMEOUT_S} s")
    answer, _, product = done.stdout.partition(b"\n")
    failure = failure_of(instruction, done.returncode, product, done.stderr)
    return Probe(answer + b"\n" != REFUSED, failure)


def failure_of(instruction: str, code: int, product: bytes, errors: bytes = b"") -> str | None:
    """Return what is wrong with a child that ended with `code` and gave `product`, None if nothing.

    `errors` is what it printed to stderr.
    """
    if code < 0:
        return f"{instruction} ended by {signal.Signals(-code).name}"
    if code:
        last = errors.decode(errors="replace").strip().splitlines()[-1:]
        return f"{instruction} could not be tried: {' '.join(last) or f'code {code}'}"
    right = product == EXPECTED[instruction]().tobytes()
    return None if right else f"{instruction} gave a wrong product"


def machine_code(instruction: str) -> bytes:
    """Return the code that multiplies two tiles by `instruction`, one of PRODUCTS."""
    return b"".join(code for code, _ in (*BEFORE, PRODUCTS[instruction], *AFTER))


def factors() -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Return two INT8 tiles [16, 64], with numbers of either sign over the whole range."""
    numbers = (np.arange(2 * ROWS * ROW_BYTES) * 37 % 256 - 128).astype(np.int8)
    left, right = numbers.reshape(2, ROWS, ROW_BYTES)
    return left, right[::-1].copy()


def int8_product() -> npt.NDArray[np.int32]:
    """Return tdpbssd's product [16, 16] of the factors: four neighbours of a row in one sum."""
    return _product(*factors(), 4).astype(np.int32)


def bf16_product() -> npt.NDArray[np.float32]:
    """Return tdpbf16ps's product [16, 16]: two neighbours of a row in one sum."""
    return _product(*_small_factors(), 2).astype(np.float32)


EXPECTED: dict[str, Callable[[], npt.NDArray[np.generic]]] = {
    "tdpbssd": int8_product,
    "tdpbf16ps": bf16_product,
}


def _product(
    left: npt.NDArray[np.int8], right: npt.NDArray[np.int8], group: int
) -> npt.NDArray[np.int64]:
    columns = right.reshape(ROWS, ROWS, group).swapaxes(1, 2).reshape(-1, ROWS)
    return left.astype(np.int64) @ columns.astype(np.int64)


def _small_factors() -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """Return numbers [16, 32] from -8 to 7: BF16 holds them exactly, and FP32 their sums."""
    left, right = (tile[:, : ROW_BYTES // 2] >> 4 for tile in factors())
    return left, right


def _tiles(instruction: str) -> tuple[Bytes, Bytes]:
    if instruction == "tdpbssd":
        left, right = factors()
        return left.view(np.uint8), right.view(np.uint8)
    first, second = (_as_bf16(tile) for tile in _small_factors())
    return first, second


def _as_bf16(tile: npt.NDArray[np.int8]) -> Bytes:
    """Return the upper halves of FP32 numbers, which is what BF16 is."""
    bits = tile.astype(np.float32).view(np.uint32)
    return (bits >> 16).astype(np.uint16).view(np.uint8)


def _configuration() -> Bytes:
    """Return ldtilecfg's 64 bytes: palette 1, three whole tiles."""
    layout = np.zeros(64, np.uint8)
    layout[0] = 1
    layout[16:22:2] = ROW_BYTES  # 16-bit numbers
    layout[48:51] = ROWS
    return layout


def _multiply(instruction: str) -> bytes:
    code = machine_code(instruction)
    with mmap.mmap(-1, len(code), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as page:
        page.write(code)
        start = ctypes.c_char.from_buffer(page)
        run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)(ctypes.addressof(start))
        result = np.zeros((ROWS, ROW_BYTES), np.uint8)
        arrays = (_configuration(), *map(np.ascontiguousarray, _tiles(instruction)), result)
        run(*(array.ctypes.data for array in arrays))
        del start, run  # else the page can't be closed
    return result.tobytes()


def keep_multiplying(instruction: str, seconds: float) -> None:
    """Multiply tiles by `instruction` over and over, in this process, which may die of it."""
    _is_granted()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        _multiply(instruction)


def _is_granted() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.syscall(SYS_ARCH_PRCTL, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0)


def main(instruction: str) -> None:
    """Print whether the kernel grants tiles, then the product's bytes, if it survives that."""
    sys.stdout.buffer.write(GRANTED if _is_granted() else REFUSED)
    sys.stdout.buffer.flush()
    sys.stdout.buffer.write(_multiply(instruction))


if __name__ == "__main__":
    main(sys.argv[1])
