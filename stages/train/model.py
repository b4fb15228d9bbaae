"""Backbone and head as one frozen graph, and as a plain SavedModel."""

from collections import Counter
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from stages.samples import IMAGE_SHAPE
from stages.train.canonical_graph import canonical_form
from stages.train.head import Head
from stages.train.saved_model import normalise

OUTPUT = "probabilities"


def freeze(backbone: Any, head: Head) -> Any:
    """Return a GraphDef without variables: `images` [N, 224, 224, 3] to `probabilities`.

    Images are float32 in [0, 1], the probabilities float32 [N, classes]. Backbone and head are
    inlined and their weights are constants.
    """

    def classify(images: Any) -> Any:
        scores = tf.matmul(backbone(images), head.kernel, name="head/MatMul")
        return tf.nn.softmax(tf.nn.bias_add(scores, head.bias, name="head/BiasAdd"), name=OUTPUT)

    frozen = convert_variables_to_constants_v2(_on_images(classify).get_concrete_function())
    return canonical_form(frozen.graph.as_graph_def(), frozen.outputs[0].op.name)


def save(graph_def: Any, path: Path) -> None:
    """Write a SavedModel whose signature `serving_default` maps `images` to `probabilities`.

    The same graph gives the same bytes.
    """

    def serve(images: Any) -> dict[str, Any]:
        wanted = [OUTPUT + ":0"]
        (output,) = tf.graph_util.import_graph_def(graph_def, {"images": images}, wanted, name="")
        return {OUTPUT: output}

    tf.saved_model.save(tf.Module(), str(path), signatures=_on_images(serve))
    normalise(path)


def count_ops(graph_def: Any) -> Counter[str]:
    """Return how often each type of op occurs in the graph."""
    return Counter(node.op for node in graph_def.node)


def _on_images(function: Any) -> Any:
    images = tf.TensorSpec([None, *IMAGE_SHAPE], tf.float32, name="images")
    return tf.function(function, input_signature=[images])
