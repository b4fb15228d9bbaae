"""A classifier as one frozen graph, and as a plain SavedModel."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from stages.samples import IMAGE_SHAPE, ImageShape
from stages.train.canonical_graph import canonical_form
from stages.train.head import Head
from stages.train.saved_model import normalise

OUTPUT = "probabilities"


CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")


def with_head(backbone: Callable[[Any], Any], head: Head) -> Callable[[Any], Any]:
    """Return a function from images, as the backbone takes them, to probabilities."""

    def classify(images: Any) -> Any:
        scores = tf.matmul(backbone(images), head.kernel, name="head/MatMul")
        return tf.nn.softmax(tf.nn.bias_add(scores, head.bias, name="head/BiasAdd"), name=OUTPUT)

    return classify


def freeze(classify: Callable[[Any], Any], shape: ImageShape = IMAGE_SHAPE) -> Any:
    """Return a GraphDef without variables: `images` [N, *shape] to `probabilities`.

    Images are float32 in [0, 1], the probabilities float32 [N, classes], as `classify` makes them.
    What it calls is inlined and its weights are constants.
    """
    # Loops stay functions: as ops they would be circles in the graph.
    frozen = convert_variables_to_constants_v2(
        _on_images(classify, shape).get_concrete_function(), lower_control_flow=False
    )
    return canonical_form(frozen.graph.as_graph_def(), frozen.outputs[0].op.name, OUTPUT)


def save(graph_def: Any, path: Path, shape: ImageShape = IMAGE_SHAPE) -> None:
    """Write a SavedModel whose signature `serving_default` maps `images` to `probabilities`.

    The same graph gives the same bytes.
    """

    def serve(images: Any) -> dict[str, Any]:
        wanted = [OUTPUT + ":0"]
        (output,) = tf.graph_util.import_graph_def(graph_def, {"images": images}, wanted, name="")
        return {OUTPUT: output}

    tf.saved_model.save(tf.Module(), str(path), signatures=_on_images(serve, shape))
    normalise(path)


def count_ops(graph_def: Any) -> Counter[str]:
    """Return how often each type of op occurs in the graph."""
    return Counter(node.op for node in graph_def.node)


def count_convolutions(graph_def: Any) -> int:
    """Return how many convolutions the graph has."""
    ops = count_ops(graph_def)
    return sum(ops[name] for name in CONVOLUTIONS)


def has_numbers(graph_def: Any) -> bool:
    """Return whether no constant in the graph has NaN in it."""
    tensors = (node.attr["value"].tensor for node in graph_def.node if node.op == "Const")
    arrays = (tf.make_ndarray(it) for it in tensors if tf.as_dtype(it.dtype).is_floating)
    return not any(np.isnan(array).any() for array in arrays)


def _on_images(function: Any, shape: ImageShape) -> Any:
    images = tf.TensorSpec([None, *shape], tf.float32, name="images")
    return tf.function(function, input_signature=[images])
