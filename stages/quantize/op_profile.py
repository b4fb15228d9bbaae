"""A model layer by layer: which op ran which oneDNN primitives, from its log and its trace."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import asdict, replace

from stages.common.onednn.flops import MULTIPLYING, dimensions
from stages.common.onednn.kernels import primitive_of
from stages.common.onednn.log import TOLERANCE_MS, Execution, OnednnLog, Partition
from stages.precisions import INT8_TYPES
from stages.quantize.op_graph import COMPUTE_OPS, OTHER_QUANTIZABLE_OPS, Graph
from stages.records.measure import NodeTime, Primitive
from stages.records.quantize import Layer


def attribute_primitives(log: OnednnLog, nodes: Sequence[NodeTime], graph: Graph) -> list[Layer]:
    """Return the primitives of the traced inference in the order they ran, by op of `graph`.

    `nodes` is the trace of that inference; primitives that ran outside it are left out.
    """
    attribution = _Attribution(nodes, log.partitions, graph)
    ops = [(attribution.op_of(execution), execution) for execution in log.executions]
    return with_time_fractions(
        [layer_of(op, primitive_of(execution)) for op, execution in ops if op]
    )


def with_time_fractions(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers of one inference with the fraction that each has of their time."""
    total = sum(layer.milliseconds for layer in layers) or 1.0
    return [replace(layer, share=layer.milliseconds / total) for layer in layers]


def is_compute(layer: Layer) -> bool:
    """Return whether a layer multiplies matrices."""
    return layer.primitive in MULTIPLYING


def compute_ops(layers: Sequence[Layer], *, int8: bool) -> list[str]:
    """Return the ops that multiply in INT8, or those that don't, each once, in order."""
    ops = [layer.op for layer in layers if is_compute(layer) and _is_int8(layer) == int8]
    return list(dict.fromkeys(ops))


def layer_of(op: str, primitive: Primitive) -> Layer:
    """Return the layer of a primitive that `op` ran; its fraction of the time is not known yet."""
    return Layer(**asdict(primitive), op=op, share=0.0)


def _is_int8(layer: Layer) -> bool:
    return layer.source_type in INT8_TYPES


class _Attribution:
    """Finds the op behind each primitive: by time, and within a partition by shape and order."""

    def __init__(
        self, nodes: Sequence[NodeTime], partitions: Sequence[Partition], graph: Graph
    ) -> None:
        self._nodes = sorted(nodes, key=lambda node: node.start_ms)
        self._starts = [node.start_ms for node in self._nodes]
        self._partitions, self._graph = partitions, graph
        self._used: set[tuple[float, str]] = set()

    def op_of(self, execution: Execution) -> str:
        """Return the op during whose time a primitive began, empty if there is none."""
        node = self._node_at(execution.start_ms)
        if node is None:
            return ""
        partition = self._partition_of(node, execution)
        op = self._take_op(partition, execution) if partition else ""
        if op:
            return op
        original = self._graph.original_op(partition.ops[0] if partition else node.name)
        multiplies = execution.primitive in MULTIPLYING
        return self._graph.fused_compute_op(original) if multiplies else original

    def _node_at(self, start_ms: float) -> NodeTime | None:
        index = bisect_right(self._starts, start_ms + TOLERANCE_MS) - 1
        if index < 0:
            return None
        node = self._nodes[index]
        ended_ms = node.start_ms + node.duration_ms
        return node if start_ms <= ended_ms + TOLERANCE_MS else None

    def _partition_of(self, node: NodeTime, execution: Execution) -> Partition | None:
        """Return the last partition that began within `node` and before the primitive."""
        within = [
            partition
            for partition in self._partitions
            if node.start_ms <= partition.start_ms <= execution.start_ms
        ]
        return within[-1] if within else None

    def _take_op(self, partition: Partition, execution: Execution) -> str:
        """Return the op of a partition that a primitive runs; each compute op is taken once."""
        multiplies = execution.primitive in MULTIPLYING
        op_types = COMPUTE_OPS if multiplies else (*OTHER_QUANTIZABLE_OPS, *COMPUTE_OPS)
        ops = [op for op in partition.ops if self._graph.op_type(op) in op_types]
        if not multiplies:
            return next(iter(ops), "")
        left = [op for op in ops if (partition.start_ms, op) not in self._used]
        fitting = [op for op in left if _fits(self._graph.weights_shape(op), execution)]
        op = next(iter([*fitting, *left, *ops]), "")
        self._used.add((partition.start_ms, op))
        return op


def _fits(shape: tuple[int, ...], execution: Execution) -> bool:
    """Return whether weights [height, width, in, out] are those of a convolution's problem."""
    size = dimensions(execution.problem)
    if len(shape) != 4 or "kh" not in size:
        return False
    kernel = (size["kh"], size.get("kw", size["kh"]))
    if "g" in size:
        return shape[:3] == (*kernel, size["ic"])
    return shape == (*kernel, size["ic"], size["oc"])
