"""What a model expects to be done to images, as ops in front of it.

Source: Keras 2.15, `keras.applications.imagenet_utils.preprocess_input`.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# Red, green and blue, from 0 to 255, as the published VGG19 was trained with.
CAFFE_MEAN = (123.68, 116.779, 103.939)
MAX_PIXEL = 255.0

_BY_NAME: dict[str, Callable[[Any], Any]] = {
    "none": lambda images: images * MAX_PIXEL,
    "unit": lambda images: images,
    "symmetric": lambda images: images * 2.0 - 1.0,
    "imagenet": lambda images: (images - IMAGENET_MEAN) / IMAGENET_DEVIATION,
    "caffe": lambda images: tf.reverse(images * MAX_PIXEL - CAFFE_MEAN, axis=[-1]),
}


def prepared(images: Any, name: str, dtype: Any) -> Any:
    """Return images float32 [N, H, W, 3] between 0 and 1 as a model expects them.

    `name` is one of PREPROCESSINGS, and "none" if `dtype`, the model's, is uint8.
    """
    made = _BY_NAME[name](images)
    return made if dtype == tf.float32 else tf.cast(tf.round(made), dtype)
