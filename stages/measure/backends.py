"""What can run a model: each is imported where it is asked for, in a worker, and not before."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from stages.errors import ModelError
from stages.runtime import Images, NodeTime

# Each is a function of (path, precision, number of threads) that gives a LoadedModel.
BACKENDS = {
    "itex": "stages.measure.tensorflow_backend:load",
    "stock": "stages.measure.tensorflow_backend:load",
    "openvino": "stages.peers.openvino_backend:load",
    "onnxruntime": "stages.peers.onnxruntime_backend:load",
    "null": "stages.measure.null_backend:load",
}


class LoadedModel(Protocol):
    """A function from images [n, height, width, 3] to probabilities [n, classes]."""

    def __call__(self, images: Images) -> npt.NDArray[np.float32]:
        """Classify."""
        ...

    def trace(self, images: Images) -> list[NodeTime]:
        """Classify, and tell when each node ran; empty where a backend can't tell."""
        ...


def load(backend: str, path: str, precision: str, threads: int) -> LoadedModel:
    """Load a model; ModelError where the backend is not known or can't read it."""
    if backend not in BACKENDS:
        raise ModelError(f"no backend is called {backend!r}; known are {', '.join(BACKENDS)}")
    module, _, name = BACKENDS[backend].partition(":")
    loader: Callable[[str, str, int], Any] = getattr(import_module(module), name)
    model: LoadedModel = loader(path, precision, threads)
    return model
