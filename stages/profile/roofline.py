"""How near a cell comes to what its own instructions can do, and where the rest of its time goes.

Source of the limits: Intel 64 and IA-32 Architectures Optimization Reference Manual. Operations
per cycle and core: of two 512-bit units, 64 in FP32, 256 in INT8 with VNNI, 128 in BF16; of the
tile unit, 2048 in INT8, 1024 in BF16. On a CPU with narrower units the ratios are the same, except
AMX's. INT8 without VNNI takes several instructions, whose cost depends on the CPU: no limit is
known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from stages.common.onednn.kernels import kernel_isa, primitive_of
from stages.common.onednn.log import Execution
from stages.common.onednn.traced import within
from stages.isa import AMX, ISA_NAMES, rank
from stages.records.measure import Primitive, Span
from stages.records.proof import Roofline

# Arithmetic per cycle as a multiple of FP32's, by the kernel's isa, lowest first, and source type.
LIMITS = {
    "AVX2": {"f32": 1.0},
    "AVX512_CORE": {},
    "AVX512_CORE_VNNI": {"s8": 4.0, "u8": 4.0},
    "AVX512_CORE_BF16": {"bf16": 2.0},
    "AVX512_CORE_FP16": {},
    "AVX512_CORE_AMX": {"s8": 32.0, "u8": 32.0, "bf16": 16.0},
}


def primitives_of(executions: Iterable[Execution], span: Span) -> list[Primitive]:
    """Return the primitives that ran within `span`, that of the traced inference, in order."""
    return [*map(primitive_of, within(executions, span))]


def fastest_primitives(executions: Sequence[Execution], spans: Sequence[Span]) -> list[Primitive]:
    """Return the primitives of the inference in the first of `spans`, each as fast as in any.

    What slows a machine down for a while, such as another process, then is in no kernel's rate.
    An inference that ran otherwise, as by threads in another order, is left out.
    """
    first, *others = (primitives_of(executions, span) for span in spans)
    alike = [other for other in others if [*map(_untimed, other)] == [*map(_untimed, first)]]
    return [_fastest(same) for same in zip(first, *alike, strict=True)]


def _untimed(primitive: Primitive) -> Primitive:
    return replace(primitive, milliseconds=0.0)


def _fastest(same: Sequence[Primitive]) -> Primitive:
    """Return the one that took the least time of those whose time is known."""
    timed = [primitive for primitive in same if primitive.milliseconds]
    return min(timed, key=lambda primitive: primitive.milliseconds, default=same[0])


def roofline(
    primitives: list[Primitive], traced_ms: float, batch_size: int, images_per_s: float
) -> Roofline:
    """Return where the time of one inference over a batch, `traced_ms` in all, went.

    `images_per_s` is the throughput that was measured without a log; the overall rate follows from
    it.
    """
    work = sum(primitive.operations for primitive in primitives)
    best = max(primitives, key=_rate)
    spent = _fractions(primitives, traced_ms)
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
    """Return how many times FP32's arithmetic a kernel's instructions can do, None if unknown.

    They are those of the kernel's isa for its source type or, if there are none, of the next lower;
    AMX's are its own alone, as its kernels multiply in another unit.
    """
    isa = kernel_isa(primitive.implementation)
    if isa is None:
        return None
    names = [AMX] if isa == AMX else ISA_NAMES[rank(isa) :: -1]
    multiples = (LIMITS.get(name, {}).get(primitive.source_type) for name in names)
    return next((multiple for multiple in multiples if multiple), None)


def _rate(primitive: Primitive) -> float:
    """Return operations per millisecond, 0 if the time is not known."""
    return primitive.operations / primitive.milliseconds if primitive.milliseconds else 0.0


def _fractions(primitives: Sequence[Primitive], traced_ms: float) -> dict[str, float]:
    """Return the fraction of `traced_ms` that each group of primitives took."""
    milliseconds = {
        group: sum(primitive.milliseconds for primitive in primitives if _group(primitive) == group)
        for group in ("multiplying", "pooling", "reorder", "other")
    }
    return {group: spent / traced_ms for group, spent in milliseconds.items()}


def _group(primitive: Primitive) -> str:
    if primitive.operations:
        return "multiplying"
    return primitive.primitive if primitive.primitive in ("pooling", "reorder") else "other"
