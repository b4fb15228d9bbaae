"""Judges from oneDNN's log whether a cell ran what its name says.

Only primitives that multiply are judged, weighted by time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stages.common.onednn.kernels import MULTIPLYING, kernel_isa, reference_share
from stages.common.onednn.log import Execution, OnednnLog, parse_log
from stages.errors import ProofError
from stages.isa import AMX, get_isa, rank
from stages.precisions import get_precision
from stages.profile.duplicates import Inference, lowest_same
from stages.profile.plan import PlannedCell, is_native
from stages.profile.roofline import primitives_of
from stages.records.measure import AmxBusy, Span
from stages.records.proof import Kernel, Proof

MIN_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Traced:
    """What is known of the traced inference beside its log: when it ran, AMX's counter."""

    span: Span
    amx_busy: AmxBusy


@dataclass(frozen=True, slots=True)
class ProofRun:
    """A cell's proof, what its traced inference ran, and the lower ISA that ran the same, if any.

    An ISA that is the same as a lower one itself is never named.
    """

    proof: Proof
    inference: Inference
    same_as: str | None


def judge(
    cell: PlannedCell, log: Path, traced: Traced, below: Mapping[PlannedCell, ProofRun]
) -> ProofRun:
    """Judge `cell` by its log, after those at lower ISAs, `below`, lowest first.

    Raises ProofError if it did not run what its name says: if the header's ISA is not the one
    asked for, a quantized op fell back, less than nine tenths of the judged time ran in the cell's
    data types, or the processor counted no work of its tile unit though kernels of AMX ran, or some
    without.
    """
    parsed = parse_log(log.read_text(errors="replace").splitlines())
    kernels = kernel_shares(parsed.executions)
    _require_header(cell, parsed)
    _require_no_fallback(cell, parsed)
    _require_data_type(cell, kernels)
    _require_within_cap(cell, kernels)
    _require_tiles(cell, kernels, traced.amx_busy)
    primitives = primitives_of(parsed.executions, traced.span)
    inference = Inference(primitives, traced.span.milliseconds)
    lower = {
        other.isa: run.inference
        for other, run in below.items()
        if other.precision == cell.precision and run.same_as is None
    }
    same_as = lowest_same(inference, lower)
    proof = Proof(
        onednn_version=parsed.version,
        isa_header=parsed.isa_header,
        verdict=_verdict(cell, kernels, same_as),
        kernels=kernels,
        reference_share=reference_share(parsed.executions),
        log=log.name,
        traced=traced.span,
        amx_busy=traced.amx_busy,
    )
    return ProofRun(proof, inference, same_as)


def kernel_shares(executions: Iterable[Execution]) -> list[Kernel]:
    """Return the judged kernels with their fraction of the judged time, largest first."""
    spent: dict[tuple[str, str, str], float] = defaultdict(float)
    for each in executions:
        if each.primitive in MULTIPLYING:
            spent[each.primitive, each.implementation, each.data_type] += each.milliseconds
    total = sum(spent.values()) or 1.0
    kernels = [
        Kernel(primitive=key[0], implementation=key[1], data_type=key[2], share=time / total)
        for key, time in spent.items()
    ]
    return sorted(kernels, key=lambda kernel: -kernel.share)


def _require_header(cell: PlannedCell, log: OnednnLog) -> None:
    wanted = get_isa(cell.isa).header
    if log.isa_header != wanted:
        raise ProofError(
            f"{cell.name}: oneDNN's log says {log.isa_header or 'nothing'!r}, not {wanted!r}; "
            "this oneDNN does not know the cap, or the variable did not reach it"
        )


def _require_no_fallback(cell: PlannedCell, log: OnednnLog) -> None:
    if log.fallbacks:
        raise ProofError(f"{cell.name}: a quantized op fell back: {log.fallbacks[0]}")


def _require_data_type(cell: PlannedCell, kernels: list[Kernel]) -> None:
    precision = get_precision(cell.precision)
    share = _share(kernels, precision.data_types)
    if not _share(kernels, precision.required_types):
        share = 0.0
    if share < MIN_SHARE:
        found = ", ".join(f"{kernel.implementation} {kernel.data_type}" for kernel in kernels[:3])
        raise ProofError(
            f"{cell.name}: only {share:.0%} of the time ran in {cell.precision} "
            f"(found {found or 'no kernel'}); the model or the runtime is not what it should be"
        )


def _share(kernels: list[Kernel], data_types: Iterable[str]) -> float:
    return sum(kernel.share for kernel in kernels if kernel.data_type in data_types)


def _require_within_cap(cell: PlannedCell, kernels: list[Kernel]) -> None:
    for kernel in kernels:
        isa = kernel_isa(kernel.implementation)
        # FP32 on AMX would be BF16 that nobody asked for.
        converted = isa == AMX and not get_precision(cell.precision).uses_tiles
        if converted or (isa and rank(isa) > rank(cell.isa)):
            raise ProofError(f"{cell.name}: {kernel.implementation} ran, which it must not")


def _require_tiles(cell: PlannedCell, kernels: list[Kernel], busy: AmxBusy) -> None:
    if busy.share is None:
        return
    named = [kernel for kernel in kernels if kernel_isa(kernel.implementation) == AMX]
    if bool(named) != bool(busy.share):
        raise ProofError(
            f"{cell.name}: {len(named)} kernels are called AMX's, and the tile unit was busy "
            f"{busy.share:.1%} of the cycles; something other than the log says ran"
        )


def _verdict(cell: PlannedCell, kernels: list[Kernel], same_as: str | None) -> str:
    converted = get_precision(cell.precision).converts_to
    if not is_native(cell.precision, cell.isa) and _share(kernels, {converted}):
        return "emulated"
    return f"same-as {same_as}" if same_as else "native"
