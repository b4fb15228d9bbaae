"""The precisions that the stage hands on, each with its proof, or the reason why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.common.onednn.kernels import reference_share
from stages.precisions import INT8, Precision
from stages.quantize.bound import Bound
from stages.quantize.evaluator import Contender, Times
from stages.quantize.op_profile import compute_ops
from stages.quantize.search import Attempt
from stages.records.quantize import Finding, Layer, Variant
from stages.settings import Settings


def why_no_variant(
    precision: Precision, settings: Settings, flags: frozenset[str], int8: Attempt
) -> str:
    """Return why a precision is no variant of its own, empty if it is one.

    A CPU's `flags` decide on those that it converts to; `int8` tells if INT8 leaves any op for it.
    """
    if not precision.converts_to:
        return ""
    kind = precision.converts_to.upper()
    if settings.no_bf16:
        return "left out by no_bf16"
    if not precision.is_native_on(flags) and not settings.force_bf16:
        return f"this CPU has no {kind}; force_bf16 produces it all the same"
    if precision.model == INT8 and not compute_ops(int8.layers, int8=False):
        return f"every op that multiplies is in INT8, which leaves none for {kind}"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A contender that is handed on: `path` is its model's in the artifacts folder, then.

    `accuracy_top1` and `predictions` are on validation; the layers are those of one inference.
    """

    contender: Contender
    path: str
    accuracy_top1: float
    predictions: list[int]
    layers: list[Layer]
    findings: list[Finding]


def describe(candidates: Sequence[Candidate], times: Times, bound: Bound) -> list[Variant]:
    """Return the variants; the first candidate is FP32, which the others are held against."""
    return [
        Variant(
            precision=each.contender.precision,
            model=each.path,
            accuracy_top1=each.accuracy_top1,
            loss=bound.loss(each.accuracy_top1),
            throughput_images_per_s=throughput,
            speedup=throughput / times.throughputs[0],
            reference_share=reference_share(each.layers),
            findings=each.findings,
            layers=each.layers,
            predictions=each.predictions,
            batch_seconds=seconds,
        )
        for each, throughput, seconds in zip(
            candidates, times.throughputs, times.batch_seconds, strict=True
        )
    ]
