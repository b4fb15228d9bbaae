from dataclasses import replace

import pytest

from stages.quantize.findings import collect_findings
from stages.quantize.op_graph import Graph
from stages.records.quantize import Finding, Layer
from tests.unit.quantize.parts import GRAPHS, RECIPE, Node, chain, layer, ops_of_type, recorded

VGG19 = GRAPHS["itex2150_fp32"]
POOLS = tuple(ops_of_type(VGG19, "MaxPool"))


def of(*ran: Layer, fallbacks: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    findings = collect_findings(ran, fallbacks, chain(), RECIPE)
    return [(finding.kind, finding.op) for finding in findings]


@pytest.mark.parametrize("name", ["itex2150_int8-shared", "tf221_int8"])
def test_a_model_that_stays_in_8_bits_from_its_input_to_its_head_has_none(name: str) -> None:
    assert collect_findings(recorded(name), [], GRAPHS[name], RECIPE) == []


def test_pools_left_out_are_found_by_the_reorder_behind_each() -> None:
    recipe = replace(RECIPE, left_out=POOLS)
    name = "itex2150_int8-nopool"
    findings = collect_findings(recorded(name), [], GRAPHS[name], recipe)
    assert {finding.kind for finding in findings} == {"reorder"}
    assert sorted(finding.op for finding in findings) == sorted(POOLS[:4])
    fractions = [finding.share for finding in findings]
    assert fractions == sorted(fractions, reverse=True)
    assert all(finding.detail == "reorder jit:uni f32 to u8" for finding in findings)


def test_ops_in_fp32_are_found_unless_they_were_left_out() -> None:
    ran = recorded("itex2150_fp32")
    multiplying = ops_of_type(VGG19, "Conv2D", "MatMul")
    (finding,) = collect_findings(ran, [], VGG19, replace(RECIPE, left_out=tuple(multiplying[1:])))
    assert (finding.kind, finding.op) == ("fp32_compute", multiplying[0])
    assert collect_findings(ran, [], VGG19, replace(RECIPE, left_out=tuple(multiplying))) == []


def test_bf16_is_no_finding() -> None:
    assert of(layer("head", "matmul", ("bf16", "f32"))) == []


@pytest.mark.parametrize("implementation", ["ref:any", "ref_int8:any"])
def test_reference_kernels_are_found_whatever_they_compute(implementation: str) -> None:
    assert of(
        layer("pool", "pooling", implementation=implementation),
        layer("conv1", types=("f32", "f32"), implementation=implementation),
    ) == [("reference_kernel", "pool"), ("reference_kernel", "conv1")]


def test_the_time_of_an_op_is_added_up_and_the_costliest_comes_first() -> None:
    slow = layer("head", "matmul", implementation="ref:any", share=0.3)
    twice = [layer("pool", "pooling", implementation="ref:any", share=0.2)] * 2
    first, second = collect_findings([slow, *twice], [], chain(), RECIPE)
    assert (first.op, second.op) == ("pool", "head")
    assert [first.share, second.share] == pytest.approx([0.4, 0.3])


@pytest.mark.parametrize(
    ("line", "op"),
    [
        ("W itex: Unsupported INT8 pattern at PartitionedCall/conv1_dequantize", "conv1"),
        ("W itex: Unsupported INT8 pattern", ""),
    ],
)
def test_a_fallback_is_found_at_the_op_that_its_line_names(line: str, op: str) -> None:
    findings = collect_findings([], [line], chain(), RECIPE)
    assert findings == [Finding(kind="int8_fallback", op=op, detail=line, share=0.0)]


INT8 = [layer("conv1"), layer("conv2"), layer("head", "matmul")]


@pytest.mark.parametrize(
    ("reorder", "findings"),
    [
        (layer("conv2", "reorder", ("f32", "u8")), [("reorder", "pool")]),
        (layer("conv2", "reorder", ("f32", "s8")), [("reorder", "pool")]),
        (layer("conv2", "reorder", ("u8", "u8")), [("reorder", "conv2")]),
        (layer("conv1", "reorder", ("f32", "s8")), []),
        (layer("head", "reorder", ("f32", "u8")), []),
        (layer("relu2", "reorder", ("u8", "f32")), []),
    ],
    ids=[
        "behind a pool",
        "behind a pool, signed",
        "of the layout alone",
        "of the model's input",
        "behind an average",
        "to FP32",
    ],
)
def test_a_reorder_is_needless_between_int8_ops_that_only_moving_separates(
    reorder: Layer, findings: list[tuple[str, str]]
) -> None:
    assert of(*INT8, reorder) == findings


def test_a_reorder_known_by_its_own_node_is_found_likewise() -> None:
    quantize = Node("conv2_quantize", "QuantizeV2", ["pool", "low", "high"])
    graph = Graph([*chain().nodes.values(), quantize])
    reorder = layer("conv2_quantize", "reorder", ("f32", "u8"))
    (finding,) = collect_findings([*INT8, reorder], [], graph, RECIPE)
    assert (finding.kind, finding.op) == ("reorder", "pool")


def test_a_reorder_behind_an_op_in_fp32_is_needed() -> None:
    reorder = layer("conv2", "reorder", ("f32", "u8"))
    recipe = replace(RECIPE, left_out=("conv1",))
    ran = [layer("conv1", types=("f32", "f32")), layer("conv2"), reorder]
    assert collect_findings(ran, [], chain(), recipe) == []
