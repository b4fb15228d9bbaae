"""Which layer ran which kernel, with AMX and without, and what keeps a layer off AMX."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from stages.common.onednn.flops import MULTIPLYING, dimensions, operations
from stages.common.onednn.kernels import is_reference, kernel_isa
from stages.common.onednn.log import Execution
from stages.isa import AMX
from stages.precisions import BF16, FP32, INT8_TYPES, get_precision
from stages.records.quantize import Layer, QuantizeRecord
from stages.records.rehearse import Others, RehearsedLayer, Tiles
from stages.rehearse.bound import bound_of

# What AMX multiplies, in oneDNN's words.
TILE_TYPES = INT8_TYPES | {BF16}


def multiplying(executions: Sequence[Execution]) -> list[Execution]:
    """Return the primitives that multiply, in order."""
    return [execution for execution in executions if execution.primitive in MULTIPLYING]


def others_of(executions: Sequence[Execution]) -> list[Others]:
    """Return how many primitives of each other kind there are."""
    kinds = Counter(ran.primitive for ran in executions if ran.primitive not in MULTIPLYING)
    return [Others(primitive=kind, count=count) for kind, count in sorted(kinds.items())]


def layers_of(
    with_amx: Sequence[Execution],
    without: Sequence[Execution],
    ops: Sequence[str],
    tiles: Sequence[Tiles | None],
) -> list[RehearsedLayer]:
    """Return a layer for each primitive that multiplies, of those of one batch on either side.

    `ops` and `tiles` are those of the primitives that multiply with AMX, in order.
    """
    ours = multiplying(with_amx)
    kernels = _kernels_beside(ours, multiplying(without))
    return [_layer(*columns) for columns in zip(ours, kernels, ops, tiles, strict=True)]


def _layer(ran: Execution, without: str, op: str, tiles: Tiles | None) -> RehearsedLayer:
    on_amx = kernel_isa(ran.implementation) == AMX
    layer = RehearsedLayer(
        op=op,
        primitive=ran.primitive,
        problem=ran.problem,
        source_type=ran.data_type,
        kernel=ran.implementation,
        kernel_without=without,
        on_amx=on_amx,
        why_not="" if on_amx else why_not(ran),
        operations=operations(ran),
        tiles=tiles,
        bound=None,
    )
    return replace(layer, bound=bound_of(layer))


def _kernels_beside(ours: Sequence[Execution], others: Sequence[Execution]) -> list[str]:
    """Return the kernel that ran each of `ours` on the other side, empty if that ran others."""
    if _what(ours) != _what(others):
        return [""] * len(ours)
    return [other.implementation for other in others]


def _what(executions: Sequence[Execution]) -> list[tuple[str, str]]:
    return [(ran.primitive, ran.problem) for ran in executions]


def why_not(ran: Execution) -> str:
    """Return why a primitive that multiplies is off AMX, or whose choice that was."""
    if ran.data_type not in TILE_TYPES:
        return f"its source type is {ran.data_type}, which AMX does not multiply"
    if is_reference(ran.implementation):
        return f"oneDNN chose its reference code, {ran.implementation}"
    return f"oneDNN chose {ran.implementation}{_particulars(ran)}"


def _particulars(ran: Execution) -> str:
    """Return what is unusual about a primitive's dimensions, without saying that it is why."""
    size = dimensions(ran.problem)
    groups, channels = size.get("g", 1), size.get("ic", 0)
    if groups > 1:
        return f" for {'a depthwise' if groups == channels else 'a grouped'} {ran.primitive}"
    return f" for {channels} input channels" if 0 < channels < 16 else ""


def op_names(
    executions: Sequence[Execution], batch_size: int, record: QuantizeRecord, precision: str
) -> list[str]:
    """Return the op behind each primitive that multiplies, as quantize attributed them.

    Empty names if other primitives ran there, or in another order.
    """
    ours, known = multiplying(executions), recorded(record, precision)
    work = [(ran.primitive, operations(ran) * record.batch_size) for ran in ours]
    if work != [(layer.primitive, layer.operations * batch_size) for layer in known]:
        return [""] * len(ours)
    return [layer.op for layer in known]


def operations_per_image(record: QuantizeRecord) -> int:
    """Return the multiplications and additions of the trained network for an image.

    0 if no layers of it are recorded.
    """
    layers = recorded(record, FP32)
    return round(sum(layer.operations for layer in layers) / record.batch_size)


def recorded(record: QuantizeRecord, precision: str) -> list[Layer]:
    """Return the layers that multiply of a variant, or of the one whose model it converts."""
    known = {variant.precision: variant.layers for variant in record.variants if variant.layers}
    layers = known.get(precision) or known.get(get_precision(precision).model) or []
    return [layer for layer in layers if layer.primitive in MULTIPLYING]
