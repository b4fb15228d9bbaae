"""The moves of the recipe search: what may remove a finding, op by op."""

from collections.abc import Sequence
from dataclasses import replace

from stages.quantize.findings import FALLBACK, FLOAT, REFERENCE, REORDER
from stages.quantize.op_graph import COMPUTE_OPS, OTHER_QUANTIZABLE_OPS, PRESERVING_OPS, Graph
from stages.records.quantize import Finding, Recipe

SHARE, LEAVE_OUT = "share", "leave out"


def describe(recipe: Recipe) -> str:
    """Return a recipe in words."""
    words = [recipe.algorithm, recipe.granularity.replace("_", " ")]
    words += [f"{_ops(recipe.shared)} with a shared scale"] if recipe.shared else []
    words += [f"{_ops(recipe.left_out)} in FP32"] if recipe.left_out else []
    return ", ".join(words)


def _ops(names: Sequence[str]) -> str:
    return f"{len(names)} op{'s' if len(names) > 1 else ''}"


def follow_ups(
    recipe: Recipe,
    findings: Sequence[Finding],
    graph: Graph,
    granularities: Sequence[str],
    *,
    sharing: bool,
) -> list[Recipe]:
    """Return the recipes that may remove `findings` of `recipe`, the most promising first.

    The first makes each op's first possible move, the second each op's second where it has one.
    `sharing` tells whether scales can be shared in this runtime's graphs.
    """
    moves: dict[str, list[str]] = {}
    for each in findings:  # of which an op may have several
        possible = moves_of(each, recipe, graph, sharing=sharing)
        moves[each.op] = max(moves.get(each.op, []), possible, key=len)
    depth = max((len(each) for each in moves.values()), default=0)
    found = [_moved(recipe, moves, at) for at in range(depth)]
    if any(each.kind == FLOAT for each in findings):
        found += [replace(recipe, granularity=g) for g in granularities]
    return [each for each in dict.fromkeys(found) if each != recipe]


def moves_of(finding: Finding, recipe: Recipe, graph: Graph, *, sharing: bool) -> list[str]:
    """Return what can be done at the op of a finding, the most promising first."""
    kind = graph.kind(finding.op)
    may_share = [SHARE] if sharing and kind in PRESERVING_OPS else []
    if finding.op in recipe.shared:
        return [LEAVE_OUT]
    if finding.kind == REORDER:
        return may_share
    if finding.op in recipe.left_out or finding.kind not in (REFERENCE, FALLBACK):
        return []
    return may_share + ([LEAVE_OUT] if kind in (*COMPUTE_OPS, *OTHER_QUANTIZABLE_OPS) else [])


def _moved(recipe: Recipe, moves: dict[str, list[str]], at: int) -> Recipe:
    chosen = {op: each[min(at, len(each) - 1)] for op, each in moves.items() if each}
    shared = {op for op, move in chosen.items() if move == SHARE}
    left_out = {op for op, move in chosen.items() if move == LEAVE_OUT}
    return replace(
        recipe,
        shared=tuple(sorted((set(recipe.shared) | shared) - left_out)),
        left_out=tuple(sorted((set(recipe.left_out) | left_out) - shared)),
    )
