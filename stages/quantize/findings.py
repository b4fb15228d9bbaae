"""What keeps an INT8 model from the hardware's limit, named by op."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from stages.common.onednn.kernels import is_reference
from stages.precisions import INT8_TYPES
from stages.quantize.op_graph import PRESERVING_OPS, Graph
from stages.quantize.op_profile import compute_ops, is_compute
from stages.records.quantize import Finding, FindingKind, Layer, Recipe

REFERENCE_KERNEL: Final = "reference_kernel"
INT8_FALLBACK: Final = "int8_fallback"
FP32_COMPUTE: Final = "fp32_compute"
REORDER: Final = "reorder"


def collect_findings(
    layers: Sequence[Layer], fallbacks: Sequence[str], graph: Graph, recipe: Recipe
) -> list[Finding]:
    """Return the findings of one traced inference, the costliest first, one per kind and op.

    `fallbacks` are the runtime's lines about patterns that it does not run in INT8; `graph` is
    the one whose ops `layers` name; `recipe` says which ops are in FP32 on purpose.
    """
    int8_ops = set(compute_ops(layers, int8=True))
    findings = [_of_fallback(line, graph) for line in fallbacks]
    for layer in layers:
        findings += _of_layer(layer, graph, recipe, int8_ops)
    return sorted(_merged(findings), key=lambda finding: -finding.share)


def _merged(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Return one finding per kind and op, with the time of all and the last one's detail."""
    merged: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = finding.kind, finding.op
        before = merged[key].share if key in merged else 0.0
        merged[key] = replace(finding, share=finding.share + before)
    return merged.values()


def _of_layer(layer: Layer, graph: Graph, recipe: Recipe, int8_ops: set[str]) -> list[Finding]:
    if is_reference(layer.implementation):
        return [_finding(REFERENCE_KERNEL, layer.op, layer)]
    if is_compute(layer) and layer.source_type == "f32" and layer.op not in recipe.left_out:
        return [_finding(FP32_COMPUTE, layer.op, layer)]
    if layer.primitive == "reorder":
        op = _op_with_needless_reorder(layer, graph, int8_ops)
        return [_finding(REORDER, op, layer)] if op else []
    return []


def _op_with_needless_reorder(layer: Layer, graph: Graph, int8_ops: set[str]) -> str:
    """Return the op because of which a reorder runs between two ops that agree in type, or "".

    Either the reorder changes the layout alone, or it quantizes again what an INT8 op gave in FP32
    and the ops between them only moved.
    """
    if layer.source_type == layer.destination_type:
        return layer.op
    quantizes = graph.op_type(layer.op) == "QuantizeV2" or layer.op in int8_ops
    if not quantizes or layer.destination_type not in INT8_TYPES:
        return ""
    nearest = source = graph.feeding(layer.op)
    while graph.op_type(source) in PRESERVING_OPS:
        source = graph.feeding(source)
    return nearest if graph.fused_compute_op(source) in int8_ops else ""


def _finding(kind: FindingKind, op: str, layer: Layer) -> Finding:
    detail = (
        f"{layer.primitive} {layer.implementation} {layer.source_type} to {layer.destination_type}"
    )
    return Finding(kind=kind, op=op, detail=detail, share=layer.share)


def _of_fallback(line: str, graph: Graph) -> Finding:
    named = [op for op in graph.nodes if op in line]
    return Finding(kind=INT8_FALLBACK, op=max(named, key=len, default=""), detail=line, share=0.0)
