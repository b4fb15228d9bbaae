from collections.abc import Sequence

import pytest

from stages.common.onednn.kernels import reference_share
from stages.common.onednn.log import Execution, OnednnLog, Partition
from stages.quantize.op_graph import Graph
from stages.quantize.op_profile import attribute_primitives, compute_ops, is_compute
from stages.records.measure import NodeTime
from stages.records.quantize import Layer
from tests.unit.quantize.parts import GRAPHS, Node, chain, layer, ops_of_type, recorded, traced

VGG19 = GRAPHS["itex2150_fp32"]
MULTIPLYING = ops_of_type(VGG19, "Conv2D", "MatMul")
POOLS = ops_of_type(VGG19, "MaxPool")
# The convolutions of VGG19 at 224x224, and the head's product of 512 by 3, for one image.
MULTIPLICATIONS = 19_508_428_800 + 512 * 3


def types(layers: Sequence[Layer], primitive: str) -> list[tuple[str, str]]:
    ran = [layer for layer in layers if layer.primitive == primitive]
    return [(layer.source_type, layer.destination_type) for layer in ran]


@pytest.mark.parametrize("name", GRAPHS)
def test_every_op_that_multiplies_ran_once_in_the_models_order(name: str) -> None:
    assert [layer.op for layer in recorded(name) if is_compute(layer)] == MULTIPLYING


@pytest.mark.parametrize("name", GRAPHS)
def test_every_pool_is_known_by_its_name(name: str) -> None:
    assert [layer.op for layer in recorded(name) if layer.primitive == "pooling"] == POOLS


@pytest.mark.parametrize("name", GRAPHS)
def test_the_warm_up_before_the_trace_is_left_out(name: str) -> None:
    log, nodes = traced(name)
    layers = attribute_primitives(log, nodes, GRAPHS[name])
    began = min(node.start_ms for node in nodes)
    assert len(layers) == sum(execution.start_ms >= began for execution in log.executions)
    assert len(layers) < len(log.executions)
    assert sum(layer.share for layer in layers) == pytest.approx(1)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_arithmetic_is_vgg19s_for_eight_images(name: str) -> None:
    assert sum(layer.operations for layer in recorded(name)) == 2 * 8 * MULTIPLICATIONS


@pytest.mark.parametrize("name", ["itex2150_int8-shared", "tf221_int8"])
def test_a_shared_scale_keeps_pools_in_8_bits(name: str) -> None:
    layers = recorded(name)
    assert types(layers, "pooling")[:4] == [("u8", "u8")] * 4
    assert compute_ops(layers, int8=True) == MULTIPLYING
    assert compute_ops(layers, int8=False) == []


@pytest.mark.parametrize(
    ("name", "op"),
    [
        ("itex2150_int8-shared", f"{MULTIPLYING[0]}_eightbit_quantize_images"),
        ("tf221_int8", MULTIPLYING[0]),
    ],
)
def test_what_quantizes_the_images_comes_first(name: str, op: str) -> None:
    first = recorded(name)[0]
    assert (first.op, first.primitive) == (op, "reorder")
    assert (first.source_type, first.destination_type) == ("f32", "s8")


def test_pools_in_fp32_leave_a_reorder_behind_each() -> None:
    name = "itex2150_int8-nopool"
    reorders = [layer.op for layer in recorded(name) if layer.primitive == "reorder"]
    assert {GRAPHS[name].op_type(op) for op in reorders} == {"QuantizeV2"}
    quantized = [GRAPHS[name].feeding(op) for op in reorders]
    assert quantized == ["images", *POOLS[:4], "PartitionedCall/average"]


def test_fp32_has_no_int8_ops() -> None:
    layers = recorded("itex2150_fp32")
    assert compute_ops(layers, int8=True) == []
    assert compute_ops(layers, int8=False) == MULTIPLYING


def execution(start_ms: float, primitive: str = "convolution") -> Execution:
    return Execution(primitive, "jit", "u8", 1.0, start_ms=start_ms)


NODES = [NodeTime("relu1", 100.0, 10.0), NodeTime("pool", 110.5, 4.0)]


@pytest.mark.parametrize(
    ("start_ms", "ops"),
    [
        (0.0, []),
        (99.99, []),
        (99.998, ["conv1"]),
        (110.0, ["conv1"]),
        (110.4, []),
        (110.499, ["pool"]),
        (114.5, ["pool"]),
        (120.0, []),
    ],
)
def test_a_primitive_belongs_to_the_node_within_whose_time_it_began(
    start_ms: float, ops: list[str]
) -> None:
    log = OnednnLog(executions=[execution(start_ms)])
    assert [layer.op for layer in attribute_primitives(log, NODES[::-1], chain())] == ops


def test_an_untraced_runtime_has_no_layers() -> None:
    assert attribute_primitives(OnednnLog(executions=[execution(1.0)]), [], chain()) == []


@pytest.mark.parametrize(
    ("ops", "op"),
    [
        (("conv2_dequantize", "conv2", "relu2"), "conv2"),
        (("pool_shared_dequantize", "pool", "conv2_quantize"), "pool"),
        (("conv2_quantize_pool",), "conv2"),
    ],
)
def test_of_a_partition_the_op_that_does_the_work_is_named(ops: tuple[str, ...], op: str) -> None:
    nodes = [NodeTime("conv1_quantize_LLGA", 100.0, 10.0)]
    partitions = [Partition(50.0, ("conv1",)), Partition(101.0, ops)]
    log = OnednnLog(executions=[execution(101.5)], partitions=partitions)
    assert [layer.op for layer in attribute_primitives(log, nodes, chain())] == [op]


def two_convolutions(*shapes: tuple[int, ...], kind: str = "Conv2D") -> Graph:
    """Return convolutions a and b with weights of the given shapes, and their sum."""
    weights = [Node(f"w{op}", "Const", shape=shape) for op, shape in zip("ab", shapes, strict=True)]
    convolutions = [Node(op, kind, ["x", f"w{op}"]) for op in "ab"]
    return Graph([*weights, *convolutions, Node("sum", "AddV2", ["a", "b"])])


def ran(problem: str, primitive: str = "convolution") -> Execution:
    return Execution(primitive, "jit", "u8", 1.0, problem=problem, start_ms=101.5)


def ops_of(graph: Graph, *executions: Execution) -> list[str]:
    partition = Partition(101.0, ("d", "a", "b", "sum"))
    log = OnednnLog(executions=list(executions), partitions=[partition])
    layers = attribute_primitives(log, [NodeTime("fused", 100.0, 10.0)], graph)
    return [layer.op for layer in layers]


NARROW = "mb8_ic16oc32_ih8oh8kh1sh1dh0ph0_iw8ow8kw1sw1dw0pw0"
WIDE = "mb8_ic16oc64_ih8oh8kh3sh1dh0ph1_iw8ow8kw3sw1dw0pw1"
DEPTHWISE = "mb8_g16ic16oc16_ih8oh8kh5sh1dh0ph2_iw8ow8kw5sw1dw0pw2"


def test_two_convolutions_of_a_partition_are_told_apart_by_their_weights() -> None:
    graph = two_convolutions((3, 3, 16, 64), (1, 1, 16, 32))
    assert ops_of(graph, ran(NARROW), ran(WIDE)) == ["b", "a"]


def test_two_depthwise_convolutions_are_told_apart_by_their_kernels() -> None:
    graph = two_convolutions((3, 3, 16, 1), (5, 5, 16, 1), kind="DepthwiseConv2dNative")
    assert ops_of(graph, ran(DEPTHWISE)) == ["b"]


def test_two_alike_ran_in_order_each_once() -> None:
    graph = two_convolutions((1, 1, 16, 32), (1, 1, 16, 32))
    assert ops_of(graph, ran(NARROW), ran(NARROW)) == ["a", "b"]


def test_where_no_weights_are_known_order_counts() -> None:
    graph = two_convolutions((16, 32), ())
    problem = "8x16:16x32"
    assert ops_of(graph, ran(problem, "matmul"), ran(problem, "matmul")) == ["a", "b"]


def test_the_share_in_reference_kernels_counts_all_of_them() -> None:
    layers = [
        layer("pool", "pooling", implementation="ref_int8:any", share=0.25),
        layer("conv1", implementation="ref:any", share=0.5),
        layer("conv2", implementation="brgconv:avx512_core_vnni", share=0.25),
    ]
    assert reference_share(layers) == 0.75


def test_an_op_that_ran_in_parts_is_named_once() -> None:
    layers = [layer("conv1"), layer("conv1"), layer("head", "matmul", ("bf16", "f32"))]
    assert compute_ops(layers, int8=True) == ["conv1"]
    assert compute_ops(layers, int8=False) == ["head"]
