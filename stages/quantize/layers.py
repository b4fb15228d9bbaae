"""A model layer by layer: which op ran which oneDNN primitives, from its log and its trace."""

from bisect import bisect_right
from collections.abc import Sequence

from stages.measure.onednn_log import Execution, OnednnLog, Partition
from stages.measure.work import bytes_moved, operations
from stages.quantize.graph import COMPUTE_OPS, OTHER_QUANTIZABLE_OPS, Graph
from stages.records.quantize import Layer
from stages.runtime import NodeTime

MULTIPLYING = ("convolution", "matmul", "inner_product", "deconvolution")
INT8_TYPES = ("s8", "u8")
# The clocks of the trace and of the log differ by less.
TOLERANCE_MS = 0.003


def layers(log: OnednnLog, nodes: Sequence[NodeTime], graph: Graph) -> list[Layer]:
    """Return the primitives of the traced inference in the order they ran, by op of `graph`.

    `nodes` is the trace of that inference; primitives that ran outside it are left out.
    """
    ordered = sorted(nodes, key=lambda node: node.start_ms)
    found = [(_op_of(each, ordered, log.partitions, graph), each) for each in log.executions]
    inside = [(op, each) for op, each in found if op]
    total = sum(each.milliseconds for _, each in inside) or 1.0
    return [_layer(op, each, total) for op, each in inside]


def is_compute(layer: Layer) -> bool:
    """Tell whether a layer multiplies matrices."""
    return layer.primitive in MULTIPLYING


def is_reference(layer: Layer) -> bool:
    """Tell whether a layer ran in oneDNN's reference code."""
    return layer.implementation.startswith("ref")


def reference_share(found: Sequence[Layer]) -> float:
    """Return the share of the time that ran in reference kernels."""
    return sum(layer.share for layer in found if is_reference(layer))


def compute_ops(found: Sequence[Layer], *, int8: bool) -> list[str]:
    """Return the ops that multiply in INT8, or those that don't, each once, in order."""
    wanted = [layer.op for layer in found if is_compute(layer) and _is_int8(layer) == int8]
    return list(dict.fromkeys(wanted))


def _is_int8(layer: Layer) -> bool:
    return layer.source_type in INT8_TYPES


def _op_of(
    execution: Execution, nodes: list[NodeTime], partitions: Sequence[Partition], graph: Graph
) -> str:
    """Return the op within whose time a primitive began, empty where there is none."""
    at = bisect_right([node.start_ms for node in nodes], execution.start_ms + TOLERANCE_MS) - 1
    if at < 0 or execution.start_ms > nodes[at].start_ms + nodes[at].duration_ms + TOLERANCE_MS:
        return ""
    within = [p for p in partitions if nodes[at].start_ms <= p.start_ms <= execution.start_ms]
    names = within[-1].ops if within else ()
    main = [name for name in names if graph.kind(name) in (*COMPUTE_OPS, *OTHER_QUANTIZABLE_OPS)]
    if main:
        return main[0]
    original = graph.original(names[0] if names else nodes[at].name)
    return graph.computing(original) if execution.primitive in MULTIPLYING else original


def _layer(op: str, execution: Execution, total_ms: float) -> Layer:
    return Layer(
        op=op,
        primitive=execution.primitive,
        implementation=execution.implementation,
        source_type=execution.data_type,
        destination_type=execution.destination_type,
        milliseconds=execution.milliseconds,
        share=execution.milliseconds / total_ms,
        operations=operations(execution),
        bytes_moved=bytes_moved(execution),
    )
