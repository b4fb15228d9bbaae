from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.quantize.qdq_rewrite import read_graph, rewrite, run_in_fp32, share_scale


@dataclass
class Node:
    """The part of a NodeDef that a rewriting touches."""

    name: str = ""
    op: str = ""
    input: list[str] = field(default_factory=list)

    def CopyFrom(self, other: Node) -> None:
        self.name, self.op, self.input = other.name, other.op, list(other.input)


class Nodes(list[Node]):
    def add(self) -> Node:
        self.append(Node())
        return self[-1]


@dataclass
class GraphDef:
    node: Nodes

    def inputs(self, name: str) -> list[str]:
        return next(node.input for node in self.node if node.name == name)


def quantized_pool(*more: Node) -> GraphDef:
    """Return relu -> pool -> quantize -> dequantize -> conv, whose weights are quantized, too."""
    nodes = [
        Node("relu", "Relu", ["before"]),
        Node("pool", "MaxPool", ["relu"]),
        Node("q", "QuantizeV2", ["pool", "low", "high"]),
        Node("d", "Dequantize", ["q", "q:1", "q:2"]),
        Node("wq", "QuantizeV2", ["w", "w_low", "w_high"]),
        Node("wd", "Dequantize", ["wq", "wq:1", "wq:2"]),
        Node("conv", "Conv2D", ["d", "wd"]),
    ]
    return GraphDef(Nodes([*nodes, *more]))


def test_a_shared_scale_is_the_one_behind_the_op() -> None:
    graph = quantized_pool()
    assert share_scale(graph, "pool")
    assert graph.inputs("pool") == ["pool_shared_dequantize"]
    assert graph.inputs("pool_shared_dequantize") == [
        "pool_shared_quantize",
        "pool_shared_quantize:1",
        "pool_shared_quantize:2",
    ]
    assert graph.inputs("pool_shared_quantize") == ["relu", "low", "high"]
    assert graph.inputs("q") == ["pool", "low", "high"]


def test_readers_that_quantize_alike_share_one_scale() -> None:
    graph = quantized_pool(Node("q2", "QuantizeV2", ["pool", "low", "high"]))
    assert share_scale(graph, "pool")
    assert graph.inputs("pool_shared_quantize") == ["relu", "low", "high"]


@pytest.mark.parametrize(
    ("op", "more"),
    [
        ("absent", []),
        ("pool", [Node("identity", "Identity", ["pool"])]),
        ("pool", [Node("q2", "QuantizeV2", ["pool", "low2", "high2"])]),
        ("conv", []),
        ("conv", [Node("q3", "QuantizeV2", ["conv", "low", "high"])]),
    ],
    ids=["no such op", "read in FP32", "two scales", "not read", "quantized for nothing"],
)
def test_where_no_scale_can_be_shared_nothing_changes(op: str, more: list[Node]) -> None:
    graph = quantized_pool(*more)
    assert not share_scale(graph, op)
    assert graph == quantized_pool(*more)


def test_an_op_in_fp32_reads_what_was_there_before_quantizing() -> None:
    graph = quantized_pool()
    run_in_fp32(graph, "conv")
    assert graph.inputs("conv") == ["pool", "w"]
    run_in_fp32(graph, "absent")
    run_in_fp32(graph, "pool")  # which read nothing that was quantized
    assert graph.inputs("pool") == ["relu"]


def write_model(path: Path, top: float) -> None:
    """Write a model of a convolution and a max pool, quantized behind it from 0 to `top`."""
    import tensorflow.compat.v1 as tf

    weights = np.random.default_rng(0).normal(size=(3, 3, 3, 4)).astype(np.float32)
    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
        relu = tf.nn.relu(tf.nn.conv2d(images, weights, 1, "SAME", name="conv"), name="relu")
        pool = tf.nn.max_pool2d(relu, 2, 2, "VALID", name="pool")
        rounded = tf.quantization.quantize(pool, 0, top, tf.quint8, mode="SCALED", name="q")
        restored = tf.quantization.dequantize(*rounded, mode="SCALED", name="d")
        mean = tf.reduce_mean(restored, [1, 2], name="mean")
        tf.saved_model.simple_save(session, str(path), {"images": images}, {"mean": mean})


def nodes_of(path: Path) -> dict[str, Any]:
    return {node.name: node for node in read_graph(path).node}


@pytest.mark.image
def test_sharing_a_pools_scale_changes_no_number(tmp_path: Path) -> None:
    from stages.common.backends.tensorflow import Model

    write_model(tmp_path, top=3)  # which some values exceed
    images = np.random.default_rng(1).random((4, 8, 8, 3), np.float32)
    before = Model(str(tmp_path))(images)
    assert rewrite(tmp_path, shared=["pool", "mean"], in_fp32=[]) == ["mean"]
    assert list(nodes_of(tmp_path)["pool"].input) == ["pool_shared_dequantize"]
    assert nodes_of(tmp_path)["pool_shared_quantize"].op == "QuantizeV2"
    assert before.min() < before.max() <= 3
    assert np.array_equal(Model(str(tmp_path))(images), before)


@pytest.mark.image
def test_an_op_returned_to_fp32_gives_what_it_gives_without_quantizing(tmp_path: Path) -> None:
    from stages.common.backends.tensorflow import Model

    write_model(tmp_path, top=12)
    images = np.random.default_rng(1).random((4, 8, 8, 3), np.float32)
    rounded = Model(str(tmp_path))(images)
    assert rewrite(tmp_path, shared=[], in_fp32=["mean"]) == []
    exact = Model(str(tmp_path))(images)
    assert nodes_of(tmp_path)["mean"].input[0] == "pool"
    assert 0 < float(np.abs(exact - rounded).max()) < 12 / 255
