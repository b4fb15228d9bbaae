"""A model's graph as the recipe search sees it: ops by name, what feeds them, what they feed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

# Ops that multiply.
COMPUTE_OPS = ("Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "Conv3D")
# Ops that only move or pick values, or add zeros: quantizing before such an op gives the same
# values as quantizing after it.
PRESERVING_OPS = (
    "MaxPool",
    "Pad",
    "Reshape",
    "Squeeze",
    "ExpandDims",
    "Transpose",
    "DepthToSpace",
    "SpaceToDepth",
)
# Further ops, beside COMPUTE_OPS, that Neural Compressor can quantize.
OTHER_QUANTIZABLE_OPS = ("MaxPool", "AvgPool", "ConcatV2", "AddV2", "Add", "FusedBatchNormV3")
# Ops that Neural Compressor puts between two others, and that the search looks through.
QDQ_OPS = ("QuantizeV2", "Dequantize")
# Ops that a runtime fuses with the op that feeds them; the whole then bears the name of one of
# these.
FUSED_OPS = (
    "BiasAdd",
    "FusedBatchNormV3",
    "_FusedBatchNormEx",
    "Relu",
    "Relu6",
    "Elu",
    "LeakyRelu",
    "Sigmoid",
    "Add",
    "AddV2",
    "Mul",
)


class Graph:
    """The nodes of a GraphDef, by name."""

    def __init__(self, nodes: Iterable[Any]) -> None:
        self.nodes: dict[str, Any] = {node.name: node for node in nodes}
        self._readers: dict[str, list[Any]] = defaultdict(list)
        for node in self.nodes.values():
            for name in node.input:
                self._readers[producer(name)].append(node)

    def op_type(self, name: str) -> str:
        """Return the type of the op called `name`, empty if there is none."""
        return str(self.nodes[name].op) if name in self.nodes else ""

    def readers(self, name: str) -> list[Any]:
        """Return the nodes that read an output of `name`."""
        return self._readers[name]

    def feeding(self, name: str, index: int = 0) -> str:
        """Return the op that feeds the input `index` of `name`, empty if there is none.

        QuantizeV2 and Dequantize between the two are passed over.
        """
        inputs = self.nodes[name].input if name in self.nodes else ()
        if len(inputs) <= index:
            return ""
        source = producer(inputs[index])
        return self.feeding(source) if self.op_type(source) in QDQ_OPS else source

    def weights_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a compute op's constant weights, empty if it has none."""
        weights = self.feeding(name, 1)
        if self.op_type(weights) != "Const":
            return ()
        shape = self.nodes[weights].attr["value"].tensor.tensor_shape
        return tuple(dimension.size for dimension in shape.dim)

    def original_op(self, node_name: str) -> str:
        """Return the op of this graph that a runtime's node stands for, by its name.

        A runtime puts the names of enclosing functions before an op's name, and suffixes of its
        own behind it. Returns `node_name` itself if it stands for none.
        """
        parts = node_name.split("/")
        for start in range(len(parts)):
            tail = "/".join(parts[start:])
            ops = [op for op in self.nodes if tail == op or tail.startswith((f"{op}_", f"{op}-"))]
            if ops:
                return max(ops, key=len)
        return node_name

    def fused_compute_op(self, name: str) -> str:
        """Return the nearest compute op that `name` is fused with; `name` if there is none.

        It goes up through all inputs at once, as an addition may be fused with what feeds either.
        """
        level = [name]
        while level:
            for op in level:
                if self.op_type(op) in COMPUTE_OPS:
                    return op
            level = list(dict.fromkeys(self._feeding_fused(level)))
        return name

    def _feeding_fused(self, ops: Iterable[str]) -> Iterator[str]:
        """Yield all ops that feed those of `ops` that a runtime fuses."""
        for op in ops:
            if self.op_type(op) in FUSED_OPS:
                yield from (self.feeding(op, index) for index in range(len(self.nodes[op].input)))


def producer(input_name: str) -> str:
    """Return the op behind an input as a GraphDef writes it (`^control`, `op:1`)."""
    return input_name.lstrip("^").split(":")[0]
