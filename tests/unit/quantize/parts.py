"""Graphs, recordings and results for the tests of quantize."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from stages.common.onednn.log import OnednnLog, parse_log
from stages.quantize.kept_trials import Origin
from stages.quantize.op_graph import Graph
from stages.quantize.op_profile import attribute_primitives
from stages.quantize.search import Attempt
from stages.records.measure import NodeTime
from stages.records.quantize import Finding, FindingKind, Layer, Recipe
from stages.settings import Settings
from tests.unit.records import HOST, SHA256

LOGS = Path(__file__).parents[2] / "data" / "onednn"
RECIPE = Recipe(algorithm="minmax", granularity="per_channel")
ORIGIN = Origin(settings=Settings(), train_sha256=SHA256, host=HOST)


def _constant(*shape: int) -> SimpleNamespace:
    dimensions = [SimpleNamespace(size=size) for size in shape]
    return SimpleNamespace(tensor=SimpleNamespace(tensor_shape=SimpleNamespace(dim=dimensions)))


@dataclass
class Node:
    """The part of a NodeDef that stages.quantize.op_graph reads; `shape` is a constant's."""

    name: str
    op: str
    input: list[str] = field(default_factory=list)
    shape: tuple[int, ...] = ()

    @property
    def attr(self) -> dict[str, SimpleNamespace]:
        return defaultdict(_constant, value=_constant(*self.shape))


def ops_of_type(graph: Graph, *op_types: str) -> list[str]:
    """Return the names of all ops of these types, in the graph's order."""
    return [name for name, node in graph.nodes.items() if node.op in op_types]


def vgg19(kind: str = "fp32") -> Graph:
    """Return a graph of the recorded runs' model: fp32, int8-shared or int8-nopool."""
    nodes = json.loads((LOGS / f"vgg19_{kind}_graph.json").read_text())
    return Graph(Node(*fields) for fields in nodes)


# The graph by which each recorded run's ops are named; stock TensorFlow's keeps FP32's names.
GRAPHS = {
    "itex2150_int8-shared": vgg19("int8-shared"),
    "itex2150_int8-nopool": vgg19("int8-nopool"),
    "itex2150_fp32": vgg19(),
    "tf221_int8": vgg19(),
}


def traced(name: str) -> tuple[OnednnLog, list[NodeTime]]:
    """Return a recorded log, and the trace of its last inference."""
    log = parse_log((LOGS / f"traced_{name}.txt").read_text().splitlines())
    nodes = json.loads((LOGS / f"traced_{name}.json").read_text())
    return log, [NodeTime(*fields) for fields in nodes]


def recorded(name: str) -> list[Layer]:
    """Return the layers of a recorded log's last inference."""
    log, nodes = traced(name)
    return attribute_primitives(log, nodes, GRAPHS[name])


def chain() -> Graph:
    """Return images -> conv1 -> relu1 -> pool -> conv2 -> relu2 -> mean -> head."""
    return Graph(
        [
            Node("images", "Placeholder"),
            Node("conv1", "Conv2D", ["images", "w1"]),
            Node("relu1", "Relu", ["conv1"]),
            Node("pool", "MaxPool", ["relu1"]),
            Node("conv2", "Conv2D", ["pool", "w2"]),
            Node("relu2", "Relu", ["conv2"]),
            Node("mean", "Mean", ["relu2"]),
            Node("head", "MatMul", ["mean", "w3"]),
        ]
    )


def layer(
    op: str,
    primitive: str = "convolution",
    types: tuple[str, str] = ("u8", "u8"),
    *,
    implementation: str = "jit",
    share: float = 0.1,
) -> Layer:
    """Return a layer with the given figures."""
    return Layer(
        op=op,
        primitive=primitive,
        implementation=implementation,
        source_type=types[0],
        destination_type=types[1],
        milliseconds=share,
        share=share,
        operations=0,
        bytes_moved=0,
    )


def finding(kind: FindingKind, op: str, share: float = 0.1) -> Finding:
    """Return a finding at an op."""
    return Finding(kind=kind, op=op, detail="", share=share)


def attempt(
    recipe: Recipe = RECIPE,
    accuracy: float = 1.0,
    throughput: float = 1.0,
    findings: Sequence[Finding] = (),
    layers: Sequence[Layer] = (),
    *,
    agreement: float = 1.0,
) -> Attempt:
    """Return an attempt that worked."""
    return Attempt(
        recipe=recipe,
        model=Path("trial"),
        accuracy_top1=accuracy,
        agreement_fp32=agreement,
        throughput_images_per_s=throughput,
        findings=list(findings),
        layers=list(layers),
        graph=chain(),
    )
