"""What the saved model promises to the stages that read it; with real TensorFlow."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.train.head import Head, softmax

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.image


@pytest.fixture(scope="module")
def head() -> Any:
    rng = np.random.default_rng(1)
    kernel, bias = rng.standard_normal((3, 3)), rng.standard_normal(3)
    return Head(kernel.astype(np.float32), bias.astype(np.float32))


@pytest.fixture(scope="module")
def backbone() -> Any:
    gain, shift = tf.Variable([2.0, 1.0, 3.0]), tf.Variable([0.5, 0.0, 1.0])

    def features(images: Any) -> Any:
        with tf.name_scope("block1_conv1"):
            scaled = tf.nn.bias_add(images * gain, shift)
        return tf.reduce_mean(scaled, [1, 2], name="average")

    return tf.function(features)


def save(backbone: Any, head: Any, path: Path) -> Any:
    from stages.train import model

    model.save(model.freeze(model.with_head(backbone, head)), path)
    return path


def test_reloaded_model_gives_the_heads_probabilities(
    backbone: Any, head: Any, tmp_path: Path
) -> None:
    served = tf.saved_model.load(str(save(backbone, head, tmp_path / "model")))
    images = np.random.default_rng(2).random((2, 224, 224, 3), np.float32)
    result = served.signatures["serving_default"](images=tf.constant(images))
    features = images.mean((1, 2)) * [2, 1, 3] + [0.5, 0, 1]
    expected = softmax(features @ head.kernel + head.bias)
    np.testing.assert_allclose(result["probabilities"], expected, rtol=1e-4)


def test_graph_keeps_layer_names_and_nothing_but_inference(backbone: Any, head: Any) -> None:
    from stages.train import model

    graph = model.freeze(model.with_head(backbone, head))
    ops = model.count_ops(graph)
    assert {"images", "block1_conv1/BiasAdd", "average", "head/MatMul", "probabilities"} <= {
        node.name for node in graph.node
    }
    assert ops["Identity"] == ops["ReadVariableOp"] == ops["PartitionedCall"] == 0


def test_saving_again_gives_the_same_bytes(backbone: Any, head: Any, tmp_path: Path) -> None:
    first, second = (save(backbone, head, tmp_path / name) for name in ("first", "second"))
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    assert [(first / file).read_bytes() for file in files] == [
        (second / file).read_bytes() for file in files
    ]


def test_a_model_whose_activation_has_a_gradient_of_its_own_is_saved(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).standard_normal((48, 3)).astype(np.float32)

    def classify(images: Any) -> Any:
        pixels = tf.reshape(images[:, ::56, ::56], [-1, 48])
        return tf.nn.softmax(tf.nn.silu(pixels @ weights))

    from stages.train import model

    model.save(model.freeze(classify), tmp_path / "model")
    images = tf.random.stateless_uniform((2, 224, 224, 3), (0, 0))
    serve = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    np.testing.assert_allclose(serve(images=images)["probabilities"], classify(images), rtol=1e-5)
