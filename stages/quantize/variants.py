"""The precisions that the stage hands on, each with its proof, or the reason why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stages.common.onednn.kernels import reference_share
from stages.common.stats import agreement
from stages.precisions import BF16, FP32, INT8, PRECISIONS, Precision
from stages.quantize.bound import Bound
from stages.quantize.context import Context
from stages.quantize.evaluator import Contender, Examination, Times
from stages.quantize.findings import collect_findings
from stages.quantize.op_profile import compute_ops
from stages.quantize.search import Attempt
from stages.records.quantize import Finding, Layer, Recipe, Variant
from stages.runtimes import get_runtime
from stages.settings import Settings


def why_no_variant(
    precision: Precision, settings: Settings, flags: frozenset[str], int8: Attempt
) -> str:
    """Return why a precision is no variant of its own, empty if it is one.

    A precision that the runtime converts to is one if the runtime can, if the CPU's `flags` show it
    or BF16 is forced, and if `int8` leaves it any op.
    """
    if reason := why_not_converted(precision, settings, flags):
        return reason
    only_int8 = precision.model == INT8 and not compute_ops(int8.layers, int8=False)
    if precision.converts_to and only_int8:
        data_type = precision.converts_to.upper()
        return f"every op that multiplies is in INT8, which leaves none for {data_type}"
    return ""


def why_not_converted(precision: Precision, settings: Settings, flags: frozenset[str]) -> str:
    """Return why nothing is converted to a precision here, empty if it is, or need not be."""
    if not precision.converts_to:
        return ""
    data_type, is_bf16 = precision.converts_to.upper(), precision.converts_to == BF16
    if is_bf16 and settings.no_bf16:
        return "left out by no_bf16"
    if not precision.is_native_on(flags) and not (is_bf16 and settings.force_bf16):
        remedy = "; force_bf16 produces it all the same" if is_bf16 else ""
        return f"this CPU has no {data_type}{remedy}"
    if not getattr(precision, get_runtime(settings.runtime).converts_by):
        return f"the {settings.runtime} runtime converts nothing to {data_type}"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A contender that is handed on; `path` is where its model then is in the artifacts folder.

    `accuracy_top1` and `predictions` are on validation; the layers are those of one inference.
    """

    contender: Contender
    path: str
    accuracy_top1: float
    predictions: list[int]
    layers: list[Layer]
    findings: list[Finding]


def gather_candidates(context: Context, fp32: Examination, chosen: Attempt) -> list[Candidate]:
    """Return what is handed on, in the order of PRECISIONS.

    FP32 and the chosen INT8 model were examined before; the model of either, converted as it is
    loaded, is examined now.
    """
    candidates = []
    for precision in PRECISIONS:
        if precision.name == FP32:
            candidates.append(_candidate(context, context.fp32, fp32, []))
        elif precision.name == INT8:
            candidates.append(_chosen_candidate(context, chosen))
        elif not why_no_variant(precision, context.settings, context.cpu_flags, chosen):
            candidates.append(_converted_candidate(context, precision, chosen.recipe))
    return candidates


def _chosen_candidate(context: Context, chosen: Attempt) -> Candidate:
    contender = replace(chosen.contender, model=context.out.model)
    return Candidate(
        contender=contender,
        path=context.final_path(contender.model),
        accuracy_top1=chosen.accuracy_top1,
        predictions=chosen.predictions,
        layers=chosen.layers,
        findings=chosen.findings,
    )


def _converted_candidate(context: Context, precision: Precision, recipe: Recipe) -> Candidate:
    """Examine the model of a precision that has none of its own; findings are those in INT8."""
    model = context.out.model if precision.model == INT8 else context.fp32.model
    contender = Contender(precision.name, model, precision.name)
    examined = context.examine(contender)
    if precision.model != INT8:
        return _candidate(context, contender, examined, [])
    graph = context.compressor.graph_of(model)
    findings = collect_findings(examined.layers, examined.fallbacks, graph, recipe)
    return _candidate(context, contender, examined, findings)


def _candidate(
    context: Context, contender: Contender, examined: Examination, findings: list[Finding]
) -> Candidate:
    return Candidate(
        contender=contender,
        path=context.final_path(contender.model),
        accuracy_top1=examined.answers.accuracy_top1,
        predictions=examined.answers.predictions,
        layers=examined.layers,
        findings=findings,
    )


def variants_of(candidates: Sequence[Candidate], times: Times, bound: Bound) -> list[Variant]:
    """Return the candidates as the record keeps them; FP32, the reference, must be among them."""
    names = [candidate.contender.precision for candidate in candidates]
    place = names.index(FP32)
    reference, fp32 = candidates[place].predictions, times.throughputs[place]
    figures = zip(candidates, times.throughputs, times.batch_seconds, strict=True)
    return [
        Variant(
            precision=candidate.contender.precision,
            model=candidate.path,
            accuracy_top1=candidate.accuracy_top1,
            loss=bound.loss(candidate.accuracy_top1),
            agreement_fp32=agreement(candidate.predictions, reference),
            throughput_images_per_s=throughput,
            speedup=throughput / fp32,
            reference_share=reference_share(candidate.layers),
            findings=candidate.findings,
            layers=candidate.layers,
            predictions=candidate.predictions,
            batch_seconds=seconds,
        )
        for candidate, throughput, seconds in figures
    ]


def missing_variants(context: Context, chosen: Attempt) -> list[Variant]:
    """Return the precisions that are not handed on, each with the reason."""
    reasons = {
        precision.name: why_no_variant(precision, context.settings, context.cpu_flags, chosen)
        for precision in PRECISIONS
    }
    return [Variant(precision=name, missing=reason) for name, reason in reasons.items() if reason]
