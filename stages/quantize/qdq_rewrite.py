"""Changes to a graph of QuantizeV2/Dequantize pairs, as Neural Compressor makes it for ITEX."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stages.quantize.op_graph import Graph, producer

FILE = "saved_model.pb"


def rewrite(model: Path, *, shared: Iterable[str], floated: Iterable[str]) -> list[str]:
    """Share scales through ops, and run others in FP32, in the SavedModel at `model`.

    Returns the ops of `shared` where the scale could not be shared; they stay as they were.
    """
    saved = _read(model)
    graph_def = saved.meta_graphs[0].graph_def
    for op in floated:
        run_in_fp32(graph_def, op)
    refused = [op for op in shared if not share_scale(graph_def, op)]
    for node in graph_def.node:  # which said what shapes came before
        node.attr.pop("_output_shapes", None)
    (model / FILE).write_bytes(saved.SerializeToString(deterministic=True))
    return refused


def read_graph(model: Path) -> Any:
    """Return the GraphDef of the SavedModel at `model`."""
    return _read(model).meta_graphs[0].graph_def


def share_scale(graph_def: Any, op: str) -> bool:
    """Quantize before `op` by the scale it is quantized with behind it, so that it stays 8-bit.

    The result is the same number for number where `op` only moves or picks values. Returns False,
    with nothing changed, where a reader of `op` does not quantize, the readers' scales differ, or
    nothing reads what is quantized.
    """
    graph = Graph(graph_def.node)
    readers = graph.readers(op)
    scales = {tuple(reader.input[1:3]) for reader in readers}
    if op not in graph.nodes or len(scales) != 1 or {r.op for r in readers} != {"QuantizeV2"}:
        return False
    after = readers[0]
    dequantizes = [each for each in graph.readers(after.name) if each.op == "Dequantize"]
    if not dequantizes:
        return False
    quantized = _copy(graph_def, after, f"{op}_shared_quantize")
    quantized.input[0] = graph.nodes[op].input[0]
    restored = _copy(graph_def, dequantizes[0], f"{op}_shared_dequantize")
    for at, name in enumerate(restored.input):
        restored.input[at] = name.replace(after.name, quantized.name)
    graph.nodes[op].input[0] = restored.name
    return True


def run_in_fp32(graph_def: Any, op: str) -> None:
    """Let `op` read what its inputs were before they were quantized."""
    graph = Graph(graph_def.node)
    if op not in graph.nodes:
        return
    node = graph.nodes[op]
    for at, name in enumerate(node.input):
        if graph.kind(producer(name)) == "Dequantize":
            quantize = producer(graph.nodes[producer(name)].input[0])
            node.input[at] = graph.nodes[quantize].input[0]


def _read(model: Path) -> Any:
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((model / FILE).read_bytes())
    return saved


def _copy(graph_def: Any, node: Any, name: str) -> Any:
    copy = graph_def.node.add()
    copy.CopyFrom(node)
    copy.name = name
    return copy
