"""The precisions that the stage hands on, each with its proof, or the reason why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.measure.host import has_bf16
from stages.quantize.bench import Contender, Times
from stages.quantize.bound import Bound
from stages.quantize.layers import compute_ops, reference_share
from stages.quantize.search import Attempt
from stages.records.quantize import Finding, Layer, Variant
from stages.settings import Settings


def why_no_bf16(settings: Settings, flags: frozenset[str]) -> str:
    """Return why no BF16 variant is produced, empty where they are."""
    if settings.no_bf16:
        return "left out by no_bf16"
    if not has_bf16(flags) and not settings.force_bf16:
        return "this CPU has no BF16; force_bf16 produces it all the same"
    return ""


def why_no_int8_bf16(int8: Attempt) -> str:
    """Return why INT8 with BF16 is no variant of its own, empty where it is."""
    if compute_ops(int8.layers, int8=False):
        return ""
    return "every op that multiplies is in INT8, which leaves none for BF16"


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
