"""TensorFlow, with its Intel extension or without, as a backend.

TensorFlow's switches count only if they are set before it is imported, so this module imports it
late; its threads are set by the environment of the process.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.errors import ModelError
from stages.precisions import get_precision
from stages.records.measure import NodeKernel, NodeTime
from stages.samples import Images

SIGNATURE = "serving_default"


def load(path: str, precision: str, threads: int) -> "Model":
    """Load the SavedModel at `path`; `threads` were set before this process began."""
    return Model(path, rewrites=get_precision(precision).graph_rewrites)


class Model:
    """A SavedModel in a session of its own, as a function from images to probabilities.

    A session's callable costs less per call than the model's signature: with one image, 2% of
    INT8's latency.
    """

    def __init__(self, path: str, *, rewrites: Sequence[str] = ()) -> None:
        """Load the model at `path`, with these options of TensorFlow's graph optimizer turned on.

        Raises ModelError if it is no SavedModel, or does not have one input and one output.
        """
        import tensorflow.compat.v1 as tf

        self._session = tf.Session(graph=tf.Graph(), config=_configuration(rewrites))
        try:
            loaded = tf.saved_model.load(self._session, ["serve"], path)
        except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"{path} is no SavedModel that can run here: {reason}") from error
        self._source, self._result = _input_and_output(loaded, path)
        self._call = self._session.make_callable(self._result, [self._source])

    def __call__(self, images: Images) -> npt.NDArray[np.float32]:
        """Return the probabilities [n, classes] of images [n, height, width, 3]."""
        answer: npt.NDArray[np.float32] = self._call(images)
        return answer

    def trace(self, images: Images) -> list[NodeTime]:
        """Classify once and return when each node of the graph ran."""
        import tensorflow.compat.v1 as tf

        metadata = tf.RunMetadata()
        options = tf.RunOptions(trace_level=tf.RunOptions.SOFTWARE_TRACE)
        feeds = {self._source: images}
        self._session.run(self._result, feeds, options=options, run_metadata=metadata)
        return [
            NodeTime(node.node_name, node.all_start_micros / 1e3, node.all_end_rel_micros / 1e3)
            for device in metadata.step_stats.dev_stats
            for node in device.node_stats
        ]

    def kernels(self, images: Images) -> list[NodeKernel]:
        """Return nothing: oneDNN's log names its kernels."""
        return []


def _input_and_output(loaded: Any, path: str) -> tuple[str, str]:
    """Return the names of the one input and the one output of a loaded model's signature."""
    if SIGNATURE not in loaded.signature_def:
        names = ", ".join(loaded.signature_def) or "none"
        raise ModelError(f"{path} has no signature {SIGNATURE} (found {names}); save it with one")
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


def _configuration(rewrites: Sequence[str]) -> Any:
    import tensorflow.compat.v1 as tf

    configuration = tf.ConfigProto()
    for option in rewrites:
        # With Intel's extension these have no effect; it has switches of its own.
        setattr(configuration.graph_options.rewrite_options, option, 1)
    return configuration
