"""ONNX Runtime as a backend, on its CPU provider and the threads it is given.

Source: onnxruntime 1.32, `SessionOptions` and onnxruntime_session_options_config_keys.h.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from stages.errors import ModelError
from stages.records.measure import NodeKernel, NodeTime
from stages.samples import Images


class OnnxruntimeModel:
    """A model in a session of its own."""

    def __init__(self, path: str, threads: int) -> None:
        """Load the model at `path`; ModelError if ONNX Runtime can't."""
        import onnxruntime

        try:
            self._session = onnxruntime.InferenceSession(
                path, _options(threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its own classes have no base of their own
            raise ModelError(f"{path} is no model that ONNX Runtime runs: {error}") from error
        (self._source,) = (source.name for source in self._session.get_inputs())

    def __call__(self, images: Images) -> npt.NDArray[np.float32]:
        """Return the probabilities [n, classes] of images [n, height, width, 3]."""
        answer: npt.NDArray[np.float32] = self._session.run(None, {self._source: images})[0]
        return answer

    def trace(self, images: Images) -> list[NodeTime]:
        """Classify, and return nothing: its profile is a file, written when a session ends."""
        self(images)
        return []

    def kernels(self, images: Images) -> list[NodeKernel]:
        """Return nothing: ONNX Runtime does not name its kernels."""
        return []


def load(path: str, precision: str, threads: int) -> OnnxruntimeModel:
    """Load the model at `path`, which is of `precision`, to run on `threads` threads.

    Raises ModelError if ONNX Runtime can't run it.
    """
    return OnnxruntimeModel(path, threads)


def _options(threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Threads spin while a batch runs, which is fast, but not while another model is measured.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return options
