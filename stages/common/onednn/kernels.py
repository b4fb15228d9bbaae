"""What the name of a oneDNN kernel says, and which primitives multiply.

A kernel's name shows its ISA only if the primitive multiplies: pooling, softmax and reorders name
their kernels by other rules.
"""

from collections.abc import Iterable
from typing import Protocol

from stages.common.onednn.flops import bytes_moved, operations
from stages.common.onednn.log import Execution
from stages.isa import AMX, ISA_NAMES
from stages.records.measure import Primitive

# From oneDNN 3.7 on, what AVX512_CORE_FP16 allows is called by the name of AVX10.
AVX10 = ("AVX10_1_512", "AVX512_CORE_FP16")


class Timed(Protocol):
    """Anything that one kernel ran, with its time."""

    @property
    def implementation(self) -> str:
        """The kernel's name."""
        ...

    @property
    def milliseconds(self) -> float:
        """How long it ran."""
        ...


def kernel_isa(implementation: str) -> str | None:
    """Return the ISA that a kernel's name contains, None if it contains none."""
    suffix = implementation.partition(":")[2].upper()
    if "AMX" in suffix:
        return AMX
    suffix = suffix.replace(*AVX10)
    matching = [name for name in ISA_NAMES if suffix.startswith(name)]
    return matching[-1] if matching else None


def is_reference(implementation: str) -> bool:
    """Return whether a kernel is oneDNN's reference code, which is slow on every CPU."""
    return implementation.startswith("ref")


def reference_share(kernels: Iterable[Timed]) -> float:
    """Return the fraction of the time, from 0 to 1, that was spent in reference kernels."""
    times = [(is_reference(kernel.implementation), kernel.milliseconds) for kernel in kernels]
    total = sum(milliseconds for _, milliseconds in times) or 1.0
    return sum(milliseconds for reference, milliseconds in times if reference) / total


def primitive_of(execution: Execution) -> Primitive:
    """Return the record of a primitive that ran."""
    return Primitive(
        primitive=execution.primitive,
        implementation=execution.implementation,
        source_type=execution.data_type,
        destination_type=execution.destination_type,
        milliseconds=execution.milliseconds,
        operations=operations(execution),
        bytes_moved=bytes_moved(execution),
    )
