import pytest

from stages.quantize.op_graph import Graph, producer
from tests.unit.quantize.parts import Node, chain, vgg19

VGG19 = vgg19()
ADDITIONS = Graph(Node(name, "AddV2") for name in ("net/add", "net/add_1", "net/add_1/mul"))
# Two of ResNet's blocks: the additions' first input is the one that bypasses the convolutions.
BLOCKS = Graph(
    [
        Node("conv0", "Conv2D", ["images", "w0"]),
        Node("bn0", "_FusedBatchNormEx", ["conv0", "scale0"]),
        Node("conv1", "Conv2D", ["bn0", "w1"]),
        Node("bias1", "Add", ["conv1", "offset1"]),
        Node("add1", "AddV2", ["bn0", "bias1"]),
        Node("out1", "Relu", ["add1"]),
        Node("conv2", "Conv2D", ["out1", "w2"]),
        Node("bias2", "Add", ["conv2", "offset2"]),
        Node("add2", "AddV2", ["out1", "bias2"]),
        Node("out2", "Relu", ["add2"]),
        Node("bare", "Relu", ["images"]),
    ]
)


@pytest.mark.parametrize(
    ("node_name", "op"),
    [
        ("PartitionedCall/PartitionedCall/block1_conv1/Relu", "PartitionedCall/block1_conv1/Relu"),
        (
            "PartitionedCall/block1_conv1/Conv2D_eightbit_requantize",
            "PartitionedCall/block1_conv1/Conv2D",
        ),
        (
            "PartitionedCall/block1_conv2/Conv2D_eightbit_quantize_"
            "PartitionedCall/block1_conv1/Relu_LLGA",
            "PartitionedCall/block1_conv2/Conv2D",
        ),
        ("PartitionedCall/block5_conv4/Relu_LLGA", "PartitionedCall/block5_conv4/Relu"),
        ("PartitionedCall/block1_pool_eightbit_quantized", "PartitionedCall/block1_pool"),
        (
            "PartitionedCall/PartitionedCall/head/BiasAdd/constant_1-0-CastToBf16-0-AutoMixed",
            "PartitionedCall/head/BiasAdd/constant_1",
        ),
        ("_arg_images_0_0", "_arg_images_0_0"),
        ("PartitionedCall/block1_pooling", "PartitionedCall/block1_pooling"),
    ],
)
def test_a_runtimes_node_is_known_by_the_op_it_was_made_from(node_name: str, op: str) -> None:
    assert VGG19.original_op(node_name) == op


@pytest.mark.parametrize(
    ("node_name", "op"),
    [
        ("f/net/add_LLGA", "net/add"),
        ("f/net/add_1_LLGA", "net/add_1"),
        ("f/net/add_1/mul_quantize", "net/add_1/mul"),
    ],
)
def test_of_ops_whose_names_begin_alike_it_is_the_longest(node_name: str, op: str) -> None:
    assert ADDITIONS.original_op(node_name) == op


@pytest.mark.parametrize(
    ("name", "op"),
    [
        ("bn0", "conv0"),
        ("bias1", "conv1"),
        ("out2", "conv2"),
        ("conv2", "conv2"),
        ("bare", "bare"),
        ("absent", "absent"),
    ],
)
def test_what_is_fused_is_known_by_the_nearest_op_that_multiplies(name: str, op: str) -> None:
    assert BLOCKS.fused_compute_op(name) == op


def test_what_only_moves_values_is_not_fused_with_a_convolution() -> None:
    assert chain().fused_compute_op("pool") == "pool"


def test_inputs_may_name_an_output_or_a_control_dependency() -> None:
    graph = Graph([Node("top", "TopKV2", ["x"]), Node("next", "Relu", ["top:1", "^init"])])
    assert graph.feeding("next") == "top"
    assert [node.name for node in graph.readers("top")] == ["next"]
    assert [node.name for node in graph.readers("init")] == ["next"]
    assert [producer(name) for name in ("a", "a:2", "^a")] == ["a", "a", "a"]


def test_nothing_feeds_an_input_or_an_unknown_op() -> None:
    graph = chain()
    assert graph.feeding("images") == graph.feeding("absent") == graph.op_type("absent") == ""


def test_what_quantizes_between_ops_is_passed_over() -> None:
    graph = Graph(
        [
            Node("w", "Const", shape=(3, 3, 16, 32)),
            Node("wq", "QuantizeV2", ["w", "low", "high"]),
            Node("wd", "Dequantize", ["wq", "wq:1", "wq:2"]),
            Node("xq", "QuantizeV2", ["x", "low", "high"]),
            Node("xd", "Dequantize", ["xq", "xq:1", "xq:2"]),
            Node("conv", "Conv2D", ["xd", "wd"]),
            Node("relu", "Relu", ["conv"]),
            Node("rq", "QuantizeV2", ["relu", "low", "high"]),
            Node("rd", "Dequantize", ["rq", "rq:1", "rq:2"]),
            Node("add", "AddV2", ["other", "rd"]),
        ]
    )
    assert [graph.feeding("conv", index) for index in (0, 1, 2)] == ["x", "w", ""]
    assert graph.weights_shape("conv") == (3, 3, 16, 32)
    assert graph.fused_compute_op("add") == "conv"


def test_weights_that_are_computed_have_no_known_shape() -> None:
    assert chain().weights_shape("conv1") == ()
    assert VGG19.weights_shape("PartitionedCall/head/MatMul") == (512, 3)
