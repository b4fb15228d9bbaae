"""The proof of a cell: oneDNN's log must show that what ran is what the cell's name says.

Only primitives that multiply are judged, weighted by time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stages.common.figures import counted, percent_beside
from stages.common.onednn.flops import MULTIPLYING
from stages.common.onednn.kernels import kernel_isa, reference_share
from stages.common.onednn.log import Execution, OnednnLog, parse_log
from stages.errors import ProofError
from stages.isa import AMX, get_isa, rank
from stages.precisions import get_precision
from stages.profile.duplicates import Inference, lowest_same
from stages.profile.plan import PlannedCell, is_native
from stages.profile.roofline import fastest_primitives
from stages.records.measure import AmxBusy, Primitive, Span
from stages.records.proof import Kernel, Proof

# The least fraction of the judged time that must have run in the cell's data types.
MIN_FRACTION = 0.9


@dataclass(frozen=True, slots=True)
class TraceResult:
    """What is known of the traced inference beside its log: when it ran, AMX's counter.

    `again` is when the same inference ran at other times, slower; `made` the time of day in UTC. If
    it was `disturbed`, it proves what ran, and not how long that takes.
    """

    span: Span
    amx_busy: AmxBusy
    again: Sequence[Span] = ()
    made: str = ""
    disturbed: bool = False


def fastest_of(traces: Sequence[TraceResult]) -> TraceResult:
    """Return the fastest of several traces of the same inference, with when the others ran."""
    best = min(traces, key=lambda trace: trace.span.milliseconds)
    others = [trace.span for trace in traces if trace is not best]
    return replace(best, again=others)


@dataclass(frozen=True, slots=True)
class ProofRun:
    """A cell's proof, what its traced inference ran, and the lower ISA that ran the same, if any.

    `same_as` never names an ISA that is the same as a still lower one.
    """

    proof: Proof
    inference: Inference
    same_as: str | None


def prove(
    cell: PlannedCell, log: Path, trace: TraceResult, below: Mapping[PlannedCell, ProofRun]
) -> ProofRun:
    """Return the proof of `cell` from its log, after those at lower ISAs, `below`, lowest first.

    Raises ProofError if the cell did not run what its name says: if the header's ISA is not the
    one asked for, a quantized op fell back, less than nine tenths of the judged time ran in the
    cell's data types, a kernel is above the cap, the processor's count of the work of its tile unit
    contradicts the kernels' names, or no primitive ran in the traced inference.
    """
    return prove_by(cell, read_log(log), log.name, trace, below)


def read_log(log: Path) -> OnednnLog:
    """Return what a log of oneDNN says; ProofError if its form is not known."""
    return parse_log(log.read_text(encoding="utf-8", errors="replace").splitlines())


def prove_by(
    cell: PlannedCell,
    parsed: OnednnLog,
    log: str,
    trace: TraceResult,
    below: Mapping[PlannedCell, ProofRun],
) -> ProofRun:
    """Do what `prove` does, by what a log of this name says, or a part of it."""
    kernels = judged_kernels(parsed.executions)
    _require_as_named(cell, parsed, kernels, trace.amx_busy)
    primitives = fastest_primitives(parsed.executions, [trace.span, *trace.again])
    _require_traced(cell, primitives)
    inference = Inference(primitives, trace.span.milliseconds)
    same_as = lowest_same(inference, _distinct_below(cell, below))
    proof = Proof(
        onednn_version=parsed.version,
        isa_header=parsed.isa_header,
        verdict=_verdict(cell, kernels, same_as),
        kernels=kernels,
        reference_share=reference_share(parsed.executions),
        log=log,
        traced=trace.span,
        amx_busy=trace.amx_busy,
        also_traced=[*trace.again],
        made=trace.made,
    )
    return ProofRun(proof, inference, same_as)


def _require_traced(cell: PlannedCell, primitives: Sequence[Primitive]) -> None:
    if not primitives:
        raise ProofError(
            f"{cell.name}: oneDNN's log has nothing of the traced inference; the runtime did not "
            "report when it ran"
        )


def judged_kernels(executions: Iterable[Execution]) -> list[Kernel]:
    """Return the kernels that multiply with their fraction of the judged time, largest first."""
    spent: dict[tuple[str, str, str], float] = defaultdict(float)
    for execution in executions:
        if execution.primitive in MULTIPLYING:
            key = (execution.primitive, execution.implementation, execution.data_type)
            spent[key] += execution.milliseconds
    total = sum(spent.values()) or 1.0
    kernels = [
        Kernel(
            primitive=primitive,
            implementation=implementation,
            data_type=data_type,
            share=milliseconds / total,
        )
        for (primitive, implementation, data_type), milliseconds in spent.items()
    ]
    return sorted(kernels, key=lambda kernel: -kernel.share)


def _distinct_below(
    cell: PlannedCell, below: Mapping[PlannedCell, ProofRun]
) -> dict[str, Inference]:
    """Return by ISA what ran in the cell's precision, without ISAs that ran the same as a lower."""
    return {
        other.isa: run.inference
        for other, run in below.items()
        if other.precision == cell.precision and run.same_as is None
    }


def _require_as_named(
    cell: PlannedCell, log: OnednnLog, kernels: list[Kernel], busy: AmxBusy
) -> None:
    _require_header(cell, log)
    _require_no_fallback(cell, log)
    _require_data_type(cell, kernels)
    _require_within_cap(cell, kernels)
    _require_tiles(cell, kernels, busy)


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
    fraction = _fraction(kernels, precision.data_types)
    if not _fraction(kernels, precision.required_types):
        fraction = 0.0
    if fraction < MIN_FRACTION:
        ran = ", ".join(f"{kernel.implementation} {kernel.data_type}" for kernel in kernels[:3])
        raise ProofError(
            f"{cell.name}: only {fraction:.0%} of the time ran in {cell.precision} "
            f"(found {ran or 'no kernel'}); the model or the runtime is not what it should be"
        )


def _fraction(kernels: list[Kernel], data_types: Iterable[str]) -> float:
    """Return the fraction of the judged time that ran in any of `data_types`."""
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
        of_all = percent_beside(busy.share, 0, digits=1)
        raise ProofError(
            f"{cell.name}: the log names {counted(len(named), 'AMX kernel')}, but the tile unit "
            f"was busy in {of_all} of the cycles; what ran is not what the log says"
        )


def _verdict(cell: PlannedCell, kernels: list[Kernel], same_as: str | None) -> str:
    precision = get_precision(cell.precision)
    narrow = {precision.converts_to} if precision.converts_to else precision.data_types
    if not is_native(cell.precision, cell.isa) and _fraction(kernels, narrow):
        return "emulated"
    return f"same-as {same_as}" if same_as else "native"
