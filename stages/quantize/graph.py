"""A model's graph as the recipe search sees it: ops by name, what feeds them, what they feed."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

COMPUTE_OPS = ("Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "Conv3D")
# Ops that only move or pick values: quantizing before one gives what quantizing after it gives.
PRESERVING_OPS = (
    "MaxPool",
    "Reshape",
    "Squeeze",
    "ExpandDims",
    "Transpose",
    "DepthToSpace",
    "SpaceToDepth",
)
# Ops other than those that Neural Compressor can quantize.
OTHER_QUANTIZABLE_OPS = ("MaxPool", "AvgPool", "ConcatV2", "AddV2", "Add", "FusedBatchNormV3")
# Ops that a runtime fuses with the op that feeds them, and names the whole by.
FUSED_OPS = ("BiasAdd", "Relu", "Relu6", "Elu", "LeakyRelu", "Sigmoid", "Add", "AddV2", "Mul")


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

    def feeding(self, name: str) -> str:
        """Return the op that feeds the first input of `name`, empty where there is none."""
        inputs = self.nodes[name].input if name in self.nodes else ()
        return producer(inputs[0]) if inputs else ""

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
        """Return the compute op that `name` is fused with, going up; `name` where there is none."""
        at = name
        while self.kind(at) in FUSED_OPS:
            at = self.feeding(at)
        return at if self.kind(at) in COMPUTE_OPS else name


def producer(input_name: str) -> str:
    """Return the op behind an input as a GraphDef writes it (`^control`, `op:1`)."""
    return input_name.lstrip("^").split(":")[0]
