from dataclasses import dataclass, field

import numpy as np

from stages.quantize.compressor import CalibrationLoader, ops_by_precision
from stages.samples import Samples


@dataclass
class Node:
    name: str
    op: str
    input: list[str] = field(default_factory=list)


@dataclass
class Graph:
    node: list[Node]


def test_an_op_is_int8_only_if_both_its_inputs_are_dequantized() -> None:
    graph = Graph(
        [
            Node("x", "Dequantize"),
            Node("w", "Dequantize"),
            Node("v", "Const"),
            Node("conv1", "Conv2D", ["x:0", "w"]),
            Node("conv2", "Conv2D", ["x", "v"]),
            Node("head", "MatMul", ["v", "w"]),
            Node("pool", "MaxPool", ["conv1"]),
        ]
    )
    assert ops_by_precision(graph) == (["conv1"], ["conv2", "head"])


def test_every_calibration_image_is_used_once() -> None:
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 224, 224, 3), np.uint8)
    loader = CalibrationLoader(Samples(images, np.arange(5)), 2)
    batches = list(loader)
    assert len(loader) == len(batches) == 3
    assert np.concatenate([labels for _, labels in batches]).tolist() == [0, 1, 2, 3, 4]
    assert [len(images) for images, _ in batches] == [2, 2, 1]
