"""How much arithmetic and memory traffic a oneDNN primitive stands for, from its dimensions.

Source: oneDNN's verbose mode writes dimensions as benchdnn does, `mb8_ic3oc64_ih224oh224kh3...`,
`mb8ic512oc3`, or shapes as `8x512:512x3`.
"""

import math
import re

from stages.measure.onednn_log import Execution

BYTES = {"f32": 4, "s32": 4, "bf16": 2, "f16": 2, "s8": 1, "u8": 1}
_DIMENSION = re.compile(r"([a-z]+)(\d+)")


def operations(execution: Execution) -> int:
    """Return the multiplications and additions of a primitive that multiplies matrices, or 0."""
    if execution.primitive == "matmul":
        return _of_matmul(execution.problem)
    if execution.primitive not in ("convolution", "inner_product"):
        return 0
    size = dimensions(execution.problem)
    if "ic" not in size:
        return 0
    outputs = size.get("mb", 1) * size["oc"] * size.get("oh", 1) * size.get("ow", size.get("oh", 1))
    kernel = size.get("kh", 1) * size.get("kw", size.get("kh", 1))
    return 2 * outputs * kernel * size["ic"] // size.get("g", 1)


def bytes_moved(execution: Execution) -> int:
    """Return the bytes of activations that a primitive reads and writes; weights do not count."""
    source, destination = (
        BYTES.get(kind, 0) for kind in (execution.data_type, execution.destination_type)
    )
    size = dimensions(execution.problem)
    if "ic" not in size:
        shapes = [_elements(shape) for shape in execution.problem.split(":")]
        return shapes[0] * source + shapes[0] * destination if shapes[0] else 0
    read = size.get("mb", 1) * size["ic"] * _area(size, "i")
    written = size.get("mb", 1) * size.get("oc", size["ic"]) * _area(size, "o")
    return read * source + written * destination


def dimensions(problem: str) -> dict[str, int]:
    """Return the named dimensions in a problem, empty where it is written as plain shapes."""
    return {name: int(number) for name, number in _DIMENSION.findall(problem) if name != "x"}


def _area(size: dict[str, int], side: str) -> int:
    height = size.get(f"{side}h", 1)
    return height * size.get(f"{side}w", height)


def _of_matmul(problem: str) -> int:
    left, _, right = problem.partition(":")
    if not re.fullmatch(r"[\dx]+", left) or not re.fullmatch(r"[\dx]+", right):
        return 0
    return 2 * _elements(left) * int(right.split("x")[-1])


def _elements(shape: str) -> int:
    return (
        math.prod(int(part) for part in shape.split("x")) if re.fullmatch(r"[\dx]+", shape) else 0
    )
