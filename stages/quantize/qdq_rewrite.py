"""Changes to a graph of QuantizeV2/Dequantize pairs, as Neural Compressor makes it for ITEX."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stages.quantize.op_graph import Graph, producer

FILE = "saved_model.pb"


def rewrite(model: Path, *, shared: Iterable[str], in_fp32: Iterable[str]) -> list[str]:
    """Share scales through the ops `shared`, and run `in_fp32` in FP32, in the SavedModel `model`.

    Returns the ops of `shared` through which the scale could not be shared; they stay unchanged.
    """
    saved = _read(model)
    graph_def = saved.meta_graphs[0].graph_def
    for op in in_fp32:
        run_in_fp32(graph_def, op)
    refused = [op for op in shared if not share_scale(graph_def, op)]
    for node in graph_def.node:
        node.attr.pop("_output_shapes", None)  # which are those before the changes
    (model / FILE).write_bytes(saved.SerializeToString(deterministic=True))
    return refused


def read_graph(model: Path) -> Any:
    """Return the GraphDef of the SavedModel at `model`."""
    return _read(model).meta_graphs[0].graph_def


def share_scale(graph_def: Any, op: str) -> bool:
    """Quantize before `op`, by the scale that is used behind it, so that `op` stays in 8 bits.

    If `op` only moves or picks values, the result is the same number for number. Returns False,
    with nothing changed, if a reader of `op` does not quantize, the readers' scales differ, or
    nothing reads what is quantized.
    """
    graph = Graph(graph_def.node)
    pair = _pair_behind(graph, op)
    if not pair:
        return False
    quantize, dequantize = pair
    quantized = _copy(graph_def, quantize, f"{op}_shared_quantize")
    quantized.input[0] = graph.nodes[op].input[0]
    restored = _copy(graph_def, dequantize, f"{op}_shared_dequantize")
    for index, name in enumerate(restored.input):
        restored.input[index] = name.replace(quantize.name, quantized.name)
    graph.nodes[op].input[0] = restored.name
    return True


def run_in_fp32(graph_def: Any, op: str) -> None:
    """Let `op` read what its inputs were before they were quantized."""
    graph = Graph(graph_def.node)
    if op not in graph.nodes:
        return
    node = graph.nodes[op]
    for index, name in enumerate(node.input):
        if graph.op_type(producer(name)) == "Dequantize":
            quantize = producer(graph.nodes[producer(name)].input[0])
            node.input[index] = graph.nodes[quantize].input[0]


def _pair_behind(graph: Graph, op: str) -> tuple[Any, Any] | None:
    """Return a QuantizeV2 that reads `op` and a Dequantize behind it.

    Returns None if there is none, or if not all readers of `op` quantize by the same scale.
    """
    readers = graph.readers(op)
    scales = {tuple(reader.input[1:3]) for reader in readers}
    op_types = {reader.op for reader in readers}
    if op not in graph.nodes or len(scales) != 1 or op_types != {"QuantizeV2"}:
        return None
    behind = graph.readers(readers[0].name)
    dequantizes = [reader for reader in behind if reader.op == "Dequantize"]
    return (readers[0], dequantizes[0]) if dequantizes else None


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
