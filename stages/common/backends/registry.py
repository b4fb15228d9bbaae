"""Load a model by the backend that runs it.

Each backend is a module of this package, which is imported only in a worker that asks for it.
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from stages.errors import ModelError
from stages.records.measure import NodeKernel, NodeTime
from stages.samples import Images

# From images [n, height, width, 3] to probabilities [n, classes].
Infer: TypeAlias = Callable[[Images], npt.NDArray[np.float32]]


class LoadedModel(Protocol):
    """A function from images [n, height, width, 3] to probabilities [n, classes]."""

    def __call__(self, images: Images) -> npt.NDArray[np.float32]:
        """Classify."""
        ...

    def trace(self, images: Images) -> list[NodeTime]:
        """Classify, and return when each node ran; nothing if the backend can't show it."""
        ...

    def kernels(self, images: Images) -> list[NodeKernel]:
        """Return what each node runs for a batch like `images`; nothing if that isn't known."""
        ...


def names() -> list[str]:
    """Return the names of the backends: the modules beside this one."""
    package = import_module(__package__)
    return [module.name for module in iter_modules(package.__path__) if module.name != "registry"]


def load(backend: str, path: str, precision: str, threads: int) -> LoadedModel:
    """Load the model at `path`, to run in `precision` on `threads` threads.

    Raises ModelError if there is no such backend, or if it can't read the model.
    """
    if backend not in names():
        raise ModelError(f"no backend is called {backend!r}; known are {', '.join(names())}")
    loader: Any = import_module(f"{__package__}.{backend}")
    model: LoadedModel = loader.load(path, precision, threads)
    return model
