"""TensorFlow as a backend: its threads are set by the environment of the process."""

from stages.measure.protocol import BF16_PRECISIONS
from stages.runtime import Model


def load(path: str, precision: str, threads: int) -> Model:
    """Load the SavedModel at `path`; `threads` were set before this process began."""
    return Model(path, bf16=precision in BF16_PRECISIONS)
