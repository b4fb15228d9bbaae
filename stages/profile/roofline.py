"""How near a cell comes to what its own instructions can do, and what the rest of the time is.

Source of the limits: Intel 64 and IA-32 Architectures Optimization Reference Manual: operations
per cycle and core of two 512-bit units: 64 in FP32, 256 in INT8 with VNNI, 128 in BF16, and of the
tile unit: 2048 in INT8, 1024 in BF16. A CPU with narrower units has the same ratios but for AMX.
INT8 without VNNI takes several instructions, whose cost depends on the CPU: no limit is known.
"""

from collections.abc import Iterable, Sequence

from stages.common.onednn.kernels import kernel_isa, primitive_of
from stages.common.onednn.log import TOLERANCE_MS, Execution
from stages.records.measure import NodeTime, Primitive, Span
from stages.records.proof import Roofline

# By isa of the kernel, lowest first, and type of the source: arithmetic as a multiple of FP32's.
LIMITS = {
    "AVX2": {"f32": 1.0},
    "AVX512_CORE": {},
    "AVX512_CORE_VNNI": {"s8": 4.0, "u8": 4.0},
    "AVX512_CORE_BF16": {"bf16": 2.0},
    "AVX512_CORE_FP16": {},
    "AVX512_CORE_AMX": {"s8": 32.0, "u8": 32.0, "bf16": 16.0},
}


def span_of(nodes: Sequence[NodeTime]) -> Span:
    """Return when the inference ran, from the start of its first node to the end of its last."""
    return Span(
        begin_ms=min((node.start_ms for node in nodes), default=0.0),
        end_ms=max((node.start_ms + node.duration_ms for node in nodes), default=0.0),
    )


def primitives_of(executions: Iterable[Execution], span: Span) -> list[Primitive]:
    """Return the primitives that ran within the traced inference, in order."""
    return [
        primitive_of(each)
        for each in executions
        if span.begin_ms - TOLERANCE_MS <= each.start_ms <= span.end_ms + TOLERANCE_MS
    ]


def roofline(
    primitives: list[Primitive], traced_ms: float, batch_size: int, images_per_s: float
) -> Roofline:
    """Return where the time of an inference of `traced_ms` over one batch went.

    `images_per_s` is the throughput that was measured without a log; it gives the overall rate.
    """
    work = sum(each.operations for each in primitives)
    best = max(primitives, key=_rate)
    spent = {
        name: sum(each.milliseconds for each in primitives if _group(each) == name) / traced_ms
        for name in ("multiplying", "pooling", "reorder", "other")
    }
    at_best = work / _rate(best) / traced_ms if work else 0.0
    return Roofline(
        operations_per_image=work // batch_size,
        achieved_gops=work / batch_size * images_per_s / 1e9,
        best_gops=_rate(best) / 1e6,
        limit=limit_of(best),
        traced_ms=traced_ms,
        at_best_rate=at_best,
        slower_kernels=spent["multiplying"] - at_best,
        pooling=spent["pooling"],
        reorders=spent["reorder"],
        other=spent["other"],
        framework=1 - sum(spent.values()),
        primitives=primitives,
    )


def limit_of(primitive: Primitive) -> float | None:
    """Return the arithmetic of a kernel's isa and type as a multiple of FP32's, None if unknown."""
    isa = kernel_isa(primitive.implementation)
    if isa is None:
        return None
    below = list(LIMITS)[: list(LIMITS).index(isa) + 1]
    known = [LIMITS[each].get(primitive.source_type) for each in below]
    return next((each for each in reversed(known) if each), None)


def _rate(primitive: Primitive) -> float:
    """Return operations per millisecond, 0 where no time is known."""
    return primitive.operations / primitive.milliseconds if primitive.milliseconds else 0.0


def _group(primitive: Primitive) -> str:
    if primitive.operations:
        return "multiplying"
    return primitive.primitive if primitive.primitive in ("pooling", "reorder") else "other"
