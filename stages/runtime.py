"""TensorFlow, with its Intel extension or without: its switches, loading a model, classifying.

The switches count only if they are set before TensorFlow is imported, so this module imports it
late.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from stages.errors import ModelError

Images: TypeAlias = npt.NDArray[np.float32]
Infer: TypeAlias = Callable[[Images], npt.NDArray[np.float32]]

SIGNATURE = "serving_default"
# oneDNN's own default depends on CPU flags, and constant folding would undo INT8 weights.
SWITCHES = {
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "ITEX_ONEDNN_GRAPH": "1",
    "ITEX_TF_CONSTANT_FOLDING": "0",
    "ITEX_OMP_THREADPOOL": "1",
    "ITEX_FP32_MATH_MODE": "FP32",
    "ITEX_CACHE_ONEDNN_OBJECT": "1",
    "ITEX_AUTO_MIXED_PRECISION": "0",
}
BF16_SWITCHES = {
    "ITEX_AUTO_MIXED_PRECISION": "1",
    "ITEX_AUTO_MIXED_PRECISION_DATA_TYPE": "BFLOAT16",
}


def switches(runtime: str) -> dict[str, str]:
    """Return the variables that a process which quantizes for `runtime` needs."""
    # Neural Compressor reads Keras models, and knows only the Keras before version 3.
    return SWITCHES | ({"TF_USE_LEGACY_KERAS": "1"} if runtime == "stock" else {})


@dataclass(frozen=True, slots=True)
class NodeTime:
    """When one node of a graph ran, in milliseconds since the epoch, and for how long."""

    name: str
    start_ms: float
    duration_ms: float


class Model:
    """A SavedModel in a session of its own, as a function from images to probabilities.

    A session's callable costs less per call than the model's signature: at one image 2% of
    INT8's latency.
    """

    def __init__(self, path: str, *, bf16: bool = False) -> None:
        """Load the model at `path`; `bf16` lets stock TensorFlow run in BF16 what it can.

        Raises ModelError where it is no SavedModel, or has not one input and one output.
        """
        import tensorflow.compat.v1 as tf

        self._session = tf.Session(graph=tf.Graph(), config=_configuration(bf16))
        try:
            loaded = tf.saved_model.load(self._session, ["serve"], path)
        except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"{path} is no SavedModel that can run here: {reason}") from error
        self._source, self._result = _ends(loaded, path)
        self._call = self._session.make_callable(self._result, [self._source])

    def __call__(self, images: Images) -> npt.NDArray[np.float32]:
        """Return the probabilities [n, classes] of images [n, height, width, 3]."""
        answer: npt.NDArray[np.float32] = self._call(images)
        return answer

    def trace(self, images: Images) -> list[NodeTime]:
        """Classify once and return when each node of the graph ran."""
        import tensorflow.compat.v1 as tf

        seen = tf.RunMetadata()
        options = tf.RunOptions(trace_level=tf.RunOptions.SOFTWARE_TRACE)
        feeds = {self._source: images}
        self._session.run(self._result, feeds, options=options, run_metadata=seen)
        return [
            NodeTime(node.node_name, node.all_start_micros / 1e3, node.all_end_rel_micros / 1e3)
            for device in seen.step_stats.dev_stats
            for node in device.node_stats
        ]


def _ends(loaded: Any, path: str) -> tuple[str, str]:
    """Return the names of the one input and the one output of a loaded model's signature."""
    if SIGNATURE not in loaded.signature_def:
        found = ", ".join(loaded.signature_def) or "none"
        raise ModelError(f"{path} has no signature {SIGNATURE} (found {found}); save it with one")
    signature = loaded.signature_def[SIGNATURE]
    inputs, outputs = (
        [tensor.name for tensor in side.values()] for side in (signature.inputs, signature.outputs)
    )
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            f"{path} takes {len(inputs)} inputs and gives {len(outputs)} outputs; "
            "give a model from images to probabilities, one each"
        )
    return inputs[0], outputs[0]


def _configuration(bf16: bool) -> Any:
    import tensorflow.compat.v1 as tf

    configuration = tf.ConfigProto()
    if bf16:
        # The Intel extension has switches of its own, and leaves this one without an effect.
        rewriting = configuration.graph_options.rewrite_options
        rewriting.auto_mixed_precision_onednn_bfloat16 = 1
    return configuration


def batches_of(images: Images, size: int) -> list[Images]:
    """Return all images in batches of up to `size`, which share their memory."""
    return [images[at : at + size] for at in range(0, len(images), size)]


def accuracy_top1(predictions: Sequence[int], labels: Sequence[int]) -> float:
    """Return the fraction of predictions that equal the labels."""
    return float(np.mean(np.array(predictions) == np.array(labels)))
