"""TensorFlow with its Intel extension: the switches it runs under, loading, classifying.

The switches count only if they are set before TensorFlow is imported, so this module imports it
late.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from stages.errors import ModelError
from stages.samples import Samples

Infer: TypeAlias = Callable[[Any], npt.NDArray[np.float32]]

# oneDNN's own default depends on CPU flags, and constant folding would undo INT8 weights.
SWITCHES = {
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "ITEX_ONEDNN_GRAPH": "1",
    "ITEX_TF_CONSTANT_FOLDING": "0",
    "ITEX_OMP_THREADPOOL": "1",
    "ITEX_FP32_MATH_MODE": "FP32",
    "ITEX_AUTO_MIXED_PRECISION": "0",
}
BF16_SWITCHES = {
    "ITEX_AUTO_MIXED_PRECISION": "1",
    "ITEX_AUTO_MIXED_PRECISION_DATA_TYPE": "BFLOAT16",
}


def load_model(path: str) -> Infer:
    """Load a SavedModel as a function from images [n, 224, 224, 3] to probabilities [n, classes].

    Raises ModelError where it is no SavedModel, or has not one input and one output.
    """
    import tensorflow as tf

    try:
        model = tf.saved_model.load(path)
        signature = model.signatures["serving_default"]
        (name,) = signature.structured_input_signature[1]
        (output,) = signature.structured_outputs
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(f"{path} is no SavedModel that classifies images: {error}") from error

    def infer(batch: Any, _keep_alive: Any = model) -> Any:
        return signature(**{name: batch})[output].numpy()

    return infer


def tensors(samples: Samples, size: int) -> list[Any]:
    """Return all images as constant tensors of up to `size`, so that no timing includes that."""
    import tensorflow as tf

    return [tf.constant(samples.batch(at, size)) for at in range(0, len(samples), size)]


def predict(
    infer: Infer, batches: Sequence[Any], tell: Callable[[int, int], None] = lambda *_: None
) -> list[int]:
    """Return the class index of every image; `tell` hears of each batch done."""
    predictions: list[int] = []
    for done, batch in enumerate(batches, start=1):
        predictions.extend(int(index) for index in infer(batch).argmax(axis=1))
        tell(done, len(batches))
    return predictions


def accuracy_top1(predictions: Sequence[int], samples: Samples) -> float:
    """Return the fraction of predictions that equal the labels."""
    return float(np.mean(np.array(predictions) == samples.labels))
