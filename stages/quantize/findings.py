"""What keeps an INT8 model from the hardware's limit, named by op."""

from collections.abc import Sequence
from typing import Final

from stages.common.onednn.kernels import is_reference
from stages.precisions import INT8_TYPES
from stages.quantize.op_graph import PRESERVING_OPS, Graph
from stages.quantize.op_profile import compute_ops, is_compute
from stages.records.quantize import Finding, FindingKind, Layer, Recipe

REFERENCE: Final = "reference_kernel"
FALLBACK: Final = "int8_fallback"
FLOAT: Final = "fp32_compute"
REORDER: Final = "reorder"


def findings(
    layers: Sequence[Layer], fallbacks: Sequence[str], graph: Graph, recipe: Recipe
) -> list[Finding]:
    """Return the findings of one traced inference, the costliest first, one per kind and op.

    `fallbacks` are the runtime's lines about patterns that it does not run in INT8; `graph` is
    the FP32 model's, `recipe` tells which ops are in FP32 on purpose.
    """
    int8 = set(compute_ops(layers, int8=True))
    found = [_of_fallback(line, graph) for line in fallbacks]
    for layer in layers:
        found += _of_layer(layer, graph, recipe, int8)
    merged: dict[tuple[str, str], Finding] = {}
    for each in found:
        before = merged.get((each.kind, each.op))
        share = each.share + (before.share if before else 0.0)
        merged[each.kind, each.op] = Finding(
            kind=each.kind, op=each.op, detail=each.detail, share=share
        )
    return sorted(merged.values(), key=lambda finding: -finding.share)


def _of_layer(layer: Layer, graph: Graph, recipe: Recipe, int8: set[str]) -> list[Finding]:
    if is_reference(layer.implementation):
        return [_finding(REFERENCE, layer.op, layer)]
    if is_compute(layer) and layer.source_type == "f32" and layer.op not in recipe.left_out:
        return [_finding(FLOAT, layer.op, layer)]
    if layer.primitive == "reorder":
        between = _needless_between(layer, graph, int8)
        return [_finding(REORDER, between, layer)] if between else []
    return []


def _needless_between(layer: Layer, graph: Graph, int8: set[str]) -> str:
    """Return the op for whose sake a reorder runs between two ops that agree in type, or "".

    Either it changes the layout alone, or it makes 8 bits again of what an INT8 op gave in FP32
    and ops between only moved.
    """
    if layer.source_type == layer.destination_type:
        return layer.op
    quantizes = graph.kind(layer.op) == "QuantizeV2" or layer.op in int8
    if not quantizes or layer.destination_type not in INT8_TYPES:
        return ""
    nearest = at = graph.feeding(layer.op)
    while graph.kind(at) in PRESERVING_OPS:
        at = graph.feeding(at)
    return nearest if graph.computing(at) in int8 else ""


def _finding(kind: FindingKind, op: str, layer: Layer) -> Finding:
    detail = (
        f"{layer.primitive} {layer.implementation} {layer.source_type} to {layer.destination_type}"
    )
    return Finding(kind=kind, op=op, detail=detail, share=layer.share)


def _of_fallback(line: str, graph: Graph) -> Finding:
    named = [name for name in graph.nodes if name in line]
    return Finding(kind=FALLBACK, op=max(named, key=len, default=""), detail=line, share=0.0)
