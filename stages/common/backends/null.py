"""A model that does nothing, with which the harness itself can be measured."""

import numpy as np
import numpy.typing as npt

from stages.records.measure import NodeKernel, NodeTime
from stages.samples import Images


class Nothing:
    """Answers class 0 of two for every image."""

    def __call__(self, images: Images) -> npt.NDArray[np.float32]:
        """Return the same probabilities [n, 2] for all images."""
        return np.tile(np.array([1, 0], np.float32), (len(images), 1))

    def trace(self, images: Images) -> list[NodeTime]:
        """Return nothing, as there are no nodes."""
        return []

    def kernels(self, images: Images) -> list[NodeKernel]:
        """Return nothing, as there are no nodes."""
        return []


def load(path: str, precision: str, threads: int) -> Nothing:
    """Return the model that does nothing; no argument matters."""
    return Nothing()
