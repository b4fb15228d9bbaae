"""The arithmetic and the memory traffic of a oneDNN primitive, from its dimensions.

Source: oneDNN's verbose mode writes dimensions as benchdnn does, `mb8_ic3oc64_ih224oh224kh3...`,
`mb8ic512oc3`, or shapes as `8x512:512x3`.
"""

import math
import re

from stages.common.onednn.log import Execution

BYTES = {"f32": 4, "s32": 4, "bf16": 2, "f16": 2, "s8": 1, "u8": 1}
# The primitives that multiply, whose work is counted, and whose kernels are judged.
MULTIPLYING = ("convolution", "matmul", "inner_product")
# No dimension of a tensor in memory is longer.
_DIMENSION = re.compile(r"([a-z]+)([0-9]{1,12})(?![0-9])")
_SHAPE = re.compile(r"[0-9]{1,12}(x[0-9]{1,12}){0,11}")
# A record's whole numbers end here; no primitive that ran did as much.
MAX_COUNT = 2**63 - 1


def operations(execution: Execution) -> int:
    """Return how many multiplications and additions a primitive does.

    0 if it does not multiply, or its dimensions can't be those of anything that ran.
    """
    return _counted(_operations(execution))


def _operations(execution: Execution) -> int:
    if execution.primitive not in MULTIPLYING:
        return 0
    if execution.primitive == "matmul":
        return _of_matmul(execution.problem)
    size = dimensions(execution.problem)
    if "ic" not in size:
        return 0
    outputs = size.get("mb", 1) * size.get("oc", 0) * _extent(size, "o")
    inputs = size["ic"] * _extent(size, "k" if execution.primitive == "convolution" else "i")
    return 2 * outputs * inputs // (size.get("g") or 1)


def bytes_moved(execution: Execution) -> int:
    """Return how many bytes of activations a primitive reads and writes, without its weights.

    0 if its dimensions can't be those of anything that ran.
    """
    source, destination = (
        BYTES.get(kind, 0) for kind in (execution.data_type, execution.destination_type)
    )
    size = dimensions(execution.problem)
    if "ic" not in size:
        read, written = _of_shapes(execution)
    else:
        read = size.get("mb", 1) * size["ic"] * _extent(size, "i")
        written = size.get("mb", 1) * size.get("oc", size["ic"]) * _extent(size, "o")
    return _counted(read * source + written * destination)


def _counted(number: int) -> int:
    return number if number <= MAX_COUNT else 0


def dimensions(problem: str) -> dict[str, int]:
    """Return the named dimensions in a problem, none if it is written as plain shapes."""
    return {name: int(number) for name, number in _DIMENSION.findall(problem) if name != "x"}


def _extent(size: dict[str, int], side: str) -> int:
    """Return depth times height times width of the input (i), the output (o) or the kernel (k)."""
    height = size.get(f"{side}h", 1)
    return size.get(f"{side}d", 1) * height * size.get(f"{side}w", height)


def _of_matmul(problem: str) -> int:
    left, _, right = problem.partition(":")
    if not _elements(left) or not _elements(right):
        return 0
    return 2 * _elements(left) * _last(right)


def _of_shapes(execution: Execution) -> tuple[int, int]:
    """Return how many elements are read and written, if the problem is written as shapes."""
    shapes = execution.problem.split(":")
    sizes = [_elements(shape) for shape in shapes]
    if not all(sizes):
        return 0, 0
    if execution.primitive == "matmul":  # the second are weights
        return sizes[0], sizes[0] // _last(shapes[0]) * _last(shapes[-1])
    return sum(sizes), sum(sizes) if execution.primitive == "concat" else max(sizes)


def _last(shape: str) -> int:
    return int(shape.split("x")[-1])


def _elements(shape: str) -> int:
    return math.prod(map(int, shape.split("x"))) if _SHAPE.fullmatch(shape) else 0
