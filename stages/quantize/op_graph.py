"""A model's graph as the recipe search sees it: ops by name, what feeds them, what they feed."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

COMPUTE_OPS = ("Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "Conv3D")
# Ops that only move or pick values, or add zeros: quantizing before one gives what quantizing
# after it gives.
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
# Ops other than those that Neural Compressor can quantize.
OTHER_QUANTIZABLE_OPS = ("MaxPool", "AvgPool", "ConcatV2", "AddV2", "Add", "FusedBatchNormV3")
PASSED_OVER = ("QuantizeV2", "Dequantize")
# Ops that a runtime fuses with the op that feeds them, and names the whole by.
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

    def kind(self, name: str) -> str:
        """Return the type of the op called `name`, empty where there is none."""
        return str(self.nodes[name].op) if name in self.nodes else ""

    def readers(self, name: str) -> list[Any]:
        """Return the nodes that read an output of `name`."""
        return self._readers[name]

    def named(self, *kinds: str) -> list[str]:
        """Return the names of all ops of these types, in the graph's order."""
        return [name for name, node in self.nodes.items() if node.op in kinds]

    def feeding(self, name: str, at: int = 0) -> str:
        """Return the op that feeds input `at` of `name`, empty where there is none.

        What quantizes and dequantizes between them is passed over.
        """
        inputs = self.nodes[name].input if name in self.nodes else ()
        if len(inputs) <= at:
            return ""
        source = producer(inputs[at])
        return self.feeding(source) if self.kind(source) in PASSED_OVER else source

    def weights_shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a compute op's constant weights, empty where there are none."""
        weights = self.feeding(name, 1)
        if self.kind(weights) != "Const":
            return ()
        return tuple(
            each.size for each in self.nodes[weights].attr["value"].tensor.tensor_shape.dim
        )

    def original(self, node_name: str) -> str:
        """Return the op of this graph that a runtime's node stands for, by its name.

        A runtime puts the names of enclosing functions before an op's, and its own suffixes
        behind. Returns the node's name itself where it stands for none.
        """
        parts = node_name.split("/")
        for start in range(len(parts)):
            tail = "/".join(parts[start:])
            found = [n for n in self.nodes if tail == n or tail.startswith((f"{n}_", f"{n}-"))]
            if found:
                return max(found, key=len)
        return node_name

    def computing(self, name: str) -> str:
        """Return the nearest compute op that `name` is fused with; `name` where there is none.

        It goes up through all inputs at once, as an addition may be fused with what feeds either.
        """
        level = [name]
        while level:
            for at in level:
                if self.kind(at) in COMPUTE_OPS:
                    return at
            fused = [at for at in level if self.kind(at) in FUSED_OPS]
            sources = [
                self.feeding(at, i) for at in fused for i in range(len(self.nodes[at].input))
            ]
            level = list(dict.fromkeys(sources))
        return name


def producer(input_name: str) -> str:
    """Return the op behind an input as a GraphDef writes it (`^control`, `op:1`)."""
    return input_name.lstrip("^").split(":")[0]
