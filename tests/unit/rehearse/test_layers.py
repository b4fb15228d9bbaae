"""Why a layer is off AMX: what is known, and never a guess."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.common.onednn.log import Execution
from stages.common.rehearsed import layer_names
from stages.records.quantize import Layer, QuantizeRecord, Variant
from stages.rehearse.layers import layers_of, op_names, why_not
from tests.unit.records import quantize
from tests.unit.rehearse.recordings import rehearsed

CONV = Execution(
    primitive="convolution",
    implementation="brgconv:avx512_core_vnni",
    data_type="u8",
    milliseconds=1.0,
    problem="mb8_ic64oc64_ih8oh8kh3sh1dh0ph1_iw8ow8kw3sw1dw0pw1",
)
DEPTHWISE = "mb8_g64ic64oc64_ih8oh8kh3sh1dh0ph1_iw8ow8kw3sw1dw0pw1"
CHOSE = "oneDNN chose brgconv:avx512_core_vnni"
GROUPED = DEPTHWISE.replace("g64", "g2")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data_type": "f32"}, "its source type is f32, which AMX does not multiply"),
        ({"data_type": "f16"}, "its source type is f16, which AMX does not multiply"),
        ({"implementation": "ref:any"}, "oneDNN chose its reference code, ref:any"),
        ({}, "oneDNN chose brgconv:avx512_core_vnni"),
        (
            {"problem": DEPTHWISE},
            "oneDNN chose brgconv:avx512_core_vnni for a depthwise convolution",
        ),
        ({"problem": GROUPED}, "oneDNN chose brgconv:avx512_core_vnni for a grouped convolution"),
        (
            {"problem": CONV.problem.replace("ic64", "ic3")},
            "oneDNN chose brgconv:avx512_core_vnni for 3 input channels",
        ),
    ],
)
def test_the_reason_says_no_more_than_is_known(changes: dict[str, Any], reason: str) -> None:
    assert why_not(replace(CONV, **changes)) == reason


def test_a_kernel_stands_beside_that_of_the_same_problem_alone() -> None:
    other = replace(CONV, implementation="jit:x")
    (same,) = layers_of([CONV], [other], [""], [None])
    assert same.kernel_without == "jit:x"
    (unlike,) = layers_of([CONV], [other, other], [""], [None])
    assert unlike.kernel_without == ""


def recorded(*ops: str, operations: int, batch_size: int) -> QuantizeRecord:
    layer = Layer(
        op="",
        primitive="convolution",
        implementation="k",
        source_type="f32",
        destination_type="f32",
        milliseconds=1.0,
        operations=operations,
        bytes_moved=0,
        share=1.0,
    )
    layers = [replace(layer, op=op) for op in ops]
    variant = Variant(precision="fp32", model="m", layers=layers)
    return replace(quantize(variant), batch_size=batch_size)


OPERATIONS = 2 * 8 * 64 * 64 * 8 * 8 * 9


def test_ops_are_those_that_quantize_attributed_at_whatever_batch() -> None:
    halves = recorded("a", "b", operations=OPERATIONS // 2, batch_size=4)
    assert op_names([CONV, CONV], 8, halves, "bf16") == ["a", "b"]


def test_other_work_or_another_number_of_layers_leaves_them_unnamed() -> None:
    fewer = recorded("a", operations=OPERATIONS, batch_size=8)
    assert op_names([CONV, CONV], 8, fewer, "bf16") == ["", ""]
    less = recorded("a", "b", operations=1, batch_size=8)
    assert op_names([CONV, CONV], 8, less, "bf16") == ["", ""]


def test_a_layers_name_has_no_scope_that_all_share_or_a_call_added(tmp_path: Path) -> None:
    (layer, *_) = rehearsed(tmp_path).layers
    ops = ("PartitionedCall/net/block_1/Conv2D", "net/block_2/depthwise", "head/MatMul", "")
    names = layer_names([replace(layer, op=op) for op in ops])
    assert names == ["block_1/Conv2D", "block_2/depthwise", "head/MatMul", "convolution 4"]
