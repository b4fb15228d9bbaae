"""VGG19's convolutional part as a TF Hub module: images in [0, 1] to a 512-value feature vector.

The form is that of Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
Recognition" (2015), configuration E: sixteen 3x3 convolutions in five blocks, a 2x2 max pooling
after each block, here followed by an average over the last 7x7 map.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from stages.samples import IMAGE_SHAPE
from stages.train.saved_model import normalise

BLOCKS = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)
CONV_LAYERS = sum(len(widths) for widths in BLOCKS)

Weights = Mapping[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


def conv_name(block: int, conv: int) -> str:
    """Returns VGG19's usual name of a convolution, both counted from 1."""
    return f"block{block}_conv{conv}"


def blocks() -> Iterator[tuple[int, list[tuple[str, int]]]]:
    """Yields each block's number with its convolutions as (name, output channels)."""
    for block, widths in enumerate(BLOCKS, 1):
        yield block, [(conv_name(block, conv), width) for conv, width in enumerate(widths, 1)]


def pool(x: Any, block: int) -> Any:
    """Returns the [N, H/2, W/2, C] max pooling that ends a block."""
    return tf.nn.max_pool2d(x, 2, 2, "VALID", name=f"block{block}_pool")


def export(weights: Weights, path: Path, mean: NDArray[np.float32] | None = None) -> None:
    """Writes VGG19 to the folder `path` as a TF Hub module (a reusable SavedModel).

    `weights` maps a convolution's name to its kernel [3, 3, in, out] and bias [out]. The module
    takes float32 [N, 224, 224, 3] in [0, 1] and returns float32 [N, 512]. `mean`, if given, is
    the RGB mean to subtract first: zero padding forbids folding it into a bias.
    """
    layers = {name: _variables(name, *pair) for name, pair in weights.items()}
    images = tf.TensorSpec([None, *IMAGE_SHAPE], tf.float32, name="images")
    module = tf.train.Checkpoint()
    module.variables = [variable for pair in layers.values() for variable in pair]
    module.__call__ = tf.function(partial(_features, layers, mean), input_signature=[images])
    tf.saved_model.save(module, str(path))
    normalise(path)


def _features(layers: Any, mean: Any, images: Any) -> Any:
    x = images if mean is None else tf.subtract(images, mean, name="mean")
    for block, convs in blocks():
        for name, _ in convs:
            kernel, bias = layers[name]
            x = _convolve(x, kernel, bias, name)
        x = pool(x, block)
    return tf.reduce_mean(x, [1, 2], name="average")


def _convolve(x: Any, kernel: Any, bias: Any, name: str) -> Any:
    with tf.name_scope(name):
        return tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "SAME"), bias))


def _variables(name: str, kernel: Any, bias: Any) -> tuple[Any, Any]:
    return (
        tf.Variable(kernel, trainable=False, name=f"{name}/kernel"),
        tf.Variable(bias, trainable=False, name=f"{name}/bias"),
    )
