from dataclasses import replace

import pytest

from stages.common.text import recipe_in_words
from stages.quantize.recipes import follow_ups
from stages.records.quantize import Finding, FindingKind, Recipe
from tests.unit.quantize.parts import RECIPE, chain, finding

GRAPH = chain()
TENSOR = replace(RECIPE, granularity="per_tensor")


def after(*findings: Finding, recipe: Recipe = RECIPE, sharing: bool = True) -> list[Recipe]:
    return follow_ups(recipe, findings, GRAPH, ("per_channel", "per_tensor"), sharing=sharing)


def left_out(*ops: str) -> Recipe:
    return replace(RECIPE, left_out=ops)


def shared(*ops: str) -> Recipe:
    return replace(RECIPE, shared=ops)


def test_a_pool_shares_a_scale_first_and_is_left_out_second() -> None:
    recipes = after(finding("reference_kernel", "pool"))
    assert recipes == [shared("pool"), left_out("pool")]


def test_ops_with_one_move_keep_it_while_others_try_their_second() -> None:
    recipes = after(finding("reference_kernel", "conv1"), finding("int8_fallback", "pool"))
    assert recipes == [
        replace(RECIPE, shared=("pool",), left_out=("conv1",)),
        left_out("conv1", "pool"),
    ]


@pytest.mark.parametrize("kind", ["reference_kernel", "reorder", "int8_fallback"])
def test_what_shares_a_scale_in_vain_is_left_out(kind: FindingKind) -> None:
    assert after(finding(kind, "pool"), recipe=shared("pool")) == [left_out("pool")]


def test_a_reorder_behind_what_was_left_out_asks_for_a_shared_scale() -> None:
    assert after(finding("reorder", "pool"), recipe=left_out("pool")) == [shared("pool")]


@pytest.mark.parametrize("op", ["relu1", "mean", "conv1", ""])
def test_no_recipe_removes_a_reorder_at_an_op_that_computes(op: str) -> None:
    assert after(finding("reorder", op)) == []


@pytest.mark.parametrize("kind", ["reference_kernel", "int8_fallback"])
def test_nothing_is_done_about_what_was_left_out_on_purpose(kind: FindingKind) -> None:
    assert after(finding(kind, "conv1"), recipe=left_out("conv1")) == []


def test_nothing_is_done_about_an_op_that_is_not_quantized() -> None:
    assert after(finding("reference_kernel", "mean"), finding("int8_fallback", "")) == []


def test_a_runtime_that_can_not_share_scales_leaves_ops_out_at_once() -> None:
    assert after(finding("reference_kernel", "pool"), sharing=False) == [left_out("pool")]
    assert after(finding("reorder", "pool"), sharing=False) == []


def test_of_an_ops_findings_the_one_that_can_be_removed_counts() -> None:
    findings = [finding("reference_kernel", "pool", 0.3), finding("reorder", "pool", 0.1)]
    assert after(*findings, sharing=False) == [left_out("pool")]
    assert after(*findings) == [shared("pool"), left_out("pool")]


def test_an_op_in_fp32_asks_for_other_granularities() -> None:
    assert after(finding("fp32_compute", "conv1")) == [TENSOR]
    assert after(finding("fp32_compute", "conv1"), recipe=TENSOR) == [RECIPE]


def test_granularities_come_after_the_moves_of_ops() -> None:
    recipes = after(finding("fp32_compute", "conv1"), finding("reference_kernel", "conv2"))
    assert recipes == [left_out("conv2"), TENSOR]


def test_without_findings_there_is_nothing_to_try() -> None:
    assert after() == []


def test_a_recipe_in_words() -> None:
    recipe = replace(TENSOR, left_out=("conv1", "conv2"), shared=("pool",))
    assert recipe_in_words(recipe) == "minmax, per tensor, 1 op with a shared scale, 2 ops in FP32"
    assert recipe_in_words(RECIPE) == "minmax, per channel"
