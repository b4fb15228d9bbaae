"""The moves of the recipe search: what may remove a finding, op by op."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stages.quantize.findings import FP32_COMPUTE, INT8_FALLBACK, REFERENCE_KERNEL, REORDER
from stages.quantize.op_graph import COMPUTE_OPS, OTHER_QUANTIZABLE_OPS, PRESERVING_OPS, Graph
from stages.records.quantize import Finding, Recipe

SHARE_SCALE, LEAVE_OUT = "share scale", "leave out"


def follow_ups(
    recipe: Recipe,
    findings: Sequence[Finding],
    graph: Graph,
    granularities: Sequence[str],
    *,
    sharing: bool,
) -> list[Recipe]:
    """Return the recipes that may remove `findings` of `recipe`, the most promising first.

    The first makes each op's first possible move, the second each op's second if it has one.
    `sharing` is whether scales can be shared in this runtime's graphs.
    """
    moves = _moves_by_op(recipe, findings, graph, sharing=sharing)
    depth = max((len(possible) for possible in moves.values()), default=0)
    recipes = [_moved(recipe, moves, rank) for rank in range(depth)]
    if any(finding.kind == FP32_COMPUTE for finding in findings):
        recipes += [replace(recipe, granularity=granularity) for granularity in granularities]
    return [other for other in dict.fromkeys(recipes) if other != recipe]


def _moves_by_op(
    recipe: Recipe, findings: Sequence[Finding], graph: Graph, *, sharing: bool
) -> dict[str, list[str]]:
    """Return the possible moves at each op; if it has several findings, the longest list counts."""
    moves: dict[str, list[str]] = {}
    for finding in findings:
        possible = _moves_at(finding, recipe, graph, sharing=sharing)
        moves[finding.op] = max(moves.get(finding.op, []), possible, key=len)
    return moves


def _moves_at(finding: Finding, recipe: Recipe, graph: Graph, *, sharing: bool) -> list[str]:
    """Return what can be done at the op of a finding, the most promising first."""
    op_type = graph.op_type(finding.op)
    may_share = [SHARE_SCALE] if sharing and op_type in PRESERVING_OPS else []
    if finding.op in recipe.shared:
        return [LEAVE_OUT]
    if finding.kind == REORDER:
        return may_share
    if finding.op in recipe.left_out or finding.kind not in (REFERENCE_KERNEL, INT8_FALLBACK):
        return []
    return may_share + ([LEAVE_OUT] if op_type in (*COMPUTE_OPS, *OTHER_QUANTIZABLE_OPS) else [])


def _moved(recipe: Recipe, moves: Mapping[str, Sequence[str]], rank: int) -> Recipe:
    """Return `recipe` after each op's move of this rank, or its last if it has fewer."""
    chosen = {
        op: possible[min(rank, len(possible) - 1)] for op, possible in moves.items() if possible
    }
    shared = {op for op, move in chosen.items() if move == SHARE_SCALE}
    left_out = {op for op, move in chosen.items() if move == LEAVE_OUT}
    return replace(
        recipe,
        shared=tuple(sorted((set(recipe.shared) | shared) - left_out)),
        left_out=tuple(sorted((set(recipe.left_out) | left_out) - shared)),
    )
