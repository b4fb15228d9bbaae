"""Judges from oneDNN's log whether a cell ran what its name says.

Only convolutions, matmuls and inner products are judged, weighted by time: pooling, softmax and
reorders name their kernels by other rules.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from stages.errors import ProofError
from stages.isa import ISA_NAMES, rung
from stages.measure.onednn_log import Execution, OnednnLog
from stages.measure.protocol import BF16_PRECISIONS
from stages.profile.plan import LOWEST_NATIVE_BF16_ISA, PlannedCell
from stages.records.profile import AmxBusy, Kernel, Proof, Span

JUDGED = ("convolution", "matmul", "inner_product")
DATA_TYPES = {
    "fp32": {"f32"},
    "bf16": {"bf16"},
    "int8": {"s8", "u8"},
    "int8_bf16": {"s8", "u8", "bf16"},
}
LEAST_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Traced:
    """What is known of the inference beside its log: when it ran, what AMX's counter said."""

    span: Span
    amx_busy: AmxBusy


def prove(
    cell: PlannedCell, log: OnednnLog, log_name: str, lower: list[Proof], traced: Traced
) -> Proof:
    """Return the proof that `cell` ran; `lower` are those of its precision at lower isas.

    Raises ProofError where the header's isa is not the one asked for, where a quantized op fell
    back, where less than nine tenths of the judged time ran in the cell's data type, and where
    the processor counted no work of its tile unit though kernels of AMX ran, or some without.
    """
    _require_header(cell, log)
    if log.fallbacks:
        raise ProofError(f"{cell.name}: a quantized op fell back: {log.fallbacks[0]}")
    kernels = kernel_shares(log.executions)
    _require_data_type(cell, kernels)
    _require_within_cap(cell, kernels)
    _require_tiles(cell, kernels, traced.amx_busy)
    return Proof(
        onednn_version=log.version,
        isa_header=log.isa_header,
        effective_isa=cell.isa,
        verdict=_verdict(cell, kernels, lower),
        kernels=kernels,
        reference_share=_reference_share(log.executions),
        log=log_name,
        traced=traced.span,
        amx_busy=traced.amx_busy,
    )


def kernel_shares(executions: Iterable[Execution]) -> list[Kernel]:
    """Return the judged kernels with their share of the judged time, largest first."""
    spent: dict[tuple[str, str, str], float] = defaultdict(float)
    for each in executions:
        if each.primitive in JUDGED:
            spent[each.primitive, each.implementation, each.data_type] += each.milliseconds
    total = sum(spent.values()) or 1.0
    kernels = [
        Kernel(primitive=key[0], implementation=key[1], data_type=key[2], share=time / total)
        for key, time in spent.items()
    ]
    return sorted(kernels, key=lambda kernel: -kernel.share)


def _require_header(cell: PlannedCell, log: OnednnLog) -> None:
    if log.isa_header != rung(cell.isa).header:
        shown = log.isa_header or "nothing"
        raise ProofError(
            f"{cell.name}: oneDNN's log says {shown!r}, not {rung(cell.isa).header!r}; "
            "this oneDNN does not know the cap, or the variable did not reach it"
        )


def _require_data_type(cell: PlannedCell, kernels: list[Kernel]) -> None:
    share = _share(kernels, cell.precision)
    if cell.precision == "int8_bf16" and not _share(kernels, "int8"):
        share = 0.0  # some of it may be BF16, but not all
    if share < LEAST_SHARE:
        found = ", ".join(f"{kernel.implementation} {kernel.data_type}" for kernel in kernels[:3])
        raise ProofError(
            f"{cell.name}: only {share:.0%} of the time ran in {cell.precision} "
            f"(found {found or 'no kernel'}); the model or the runtime is not what it should be"
        )


def _share(kernels: list[Kernel], precision: str) -> float:
    return sum(kernel.share for kernel in kernels if kernel.data_type in DATA_TYPES[precision])


def _require_within_cap(cell: PlannedCell, kernels: list[Kernel]) -> None:
    cap = ISA_NAMES.index(cell.isa)
    for kernel in kernels:
        name = kernel_isa(kernel.implementation)
        implicit_bf16 = cell.precision == "fp32" and name == "AVX512_CORE_AMX"
        if implicit_bf16 or (name and ISA_NAMES.index(name) > cap):
            raise ProofError(f"{cell.name}: {kernel.implementation} ran, which it must not")


def _require_tiles(cell: PlannedCell, kernels: list[Kernel], busy: AmxBusy) -> None:
    if busy.share is None:
        return
    named = [each for each in kernels if kernel_isa(each.implementation) == "AVX512_CORE_AMX"]
    if bool(named) != bool(busy.share):
        raise ProofError(
            f"{cell.name}: {len(named)} kernels are called AMX's, and the tile unit was busy "
            f"{busy.share:.1%} of the cycles; something other than the log says ran"
        )


def kernel_isa(implementation: str) -> str | None:
    """Return the rung that a kernel's name tells, None where it tells none."""
    suffix = implementation.partition(":")[2].upper()
    if "AMX" in suffix:
        return "AVX512_CORE_AMX"
    matching = [name for name in ISA_NAMES if suffix.startswith(name)]
    return matching[-1] if matching else None


def _verdict(cell: PlannedCell, kernels: list[Kernel], lower: list[Proof]) -> str:
    native = ISA_NAMES.index(cell.isa) >= ISA_NAMES.index(LOWEST_NATIVE_BF16_ISA)
    if not native and cell.precision in BF16_PRECISIONS and _share(kernels, "bf16"):
        return "emulated"
    for proof in lower:
        if _names(proof.kernels) == _names(kernels):
            return f"same-as {proof.effective_isa}"
    return "native"


def _names(kernels: list[Kernel]) -> set[tuple[str, str, str]]:
    return {(each.primitive, each.implementation, each.data_type) for each in kernels}


def _reference_share(executions: list[Execution]) -> float:
    total = sum(each.milliseconds for each in executions) or 1.0
    reference = sum(e.milliseconds for e in executions if e.implementation.startswith("ref"))
    return reference / total
