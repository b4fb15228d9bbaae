"""Intel Neural Compressor at work: a recipe and calibration images to an INT8 SavedModel.

Source: neural-compressor 3.10, `neural_compressor.tensorflow.quantize_model`.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.errors import ModelError
from stages.quantize.recipes import Recipe
from stages.samples import Samples

COMPUTE_OPS = ("Conv2D", "MatMul", "DepthwiseConv2dNative")


class CalibrationLoader:
    """Batches of calibration images in the form that Neural Compressor iterates over."""

    def __init__(self, samples: Samples, batch_size: int) -> None:
        self._samples, self.batch_size = samples, batch_size

    def __len__(self) -> int:
        return -(-len(self._samples) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]]:
        for start in range(0, len(self._samples), self.batch_size):
            stop = start + self.batch_size
            yield self._samples.batch(start, self.batch_size), self._samples.labels[start:stop]


def quantize(model: Path, recipe: Recipe, loader: CalibrationLoader, destination: Path) -> Any:
    """Write the INT8 SavedModel to `destination` and return its GraphDef.

    Raises ModelError where Neural Compressor can't read the model.
    """
    # Neural Compressor swallows a failing import of it and would quantize for another runtime.
    import intel_extension_for_tensorflow  # noqa: F401
    from neural_compressor.tensorflow import quantize_model
    from neural_compressor.tensorflow.utils import Model

    wrapped = Model(str(model))
    nodes = getattr(wrapped, "graph_def", None)
    if nodes is None:
        raise ModelError(f"{model} is no plain SavedModel; write it with tf.saved_model.save")
    config = _config(recipe, [node.name for node in nodes.node if node.op in recipe.left_out])
    # Neural Compressor leaves files of its own in the working directory.
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        quantized = quantize_model(wrapped, config, loader, calib_iteration=len(loader))
    quantized.save(str(destination))
    return quantized.graph_def


def _config(recipe: Recipe, left_out: list[str]) -> Any:
    from neural_compressor.tensorflow import StaticQuantConfig

    config = StaticQuantConfig(weight_granularity="per_channel", act_algorithm=recipe.activations)
    for name in left_out:
        config.set_local(name, StaticQuantConfig(weight_dtype="fp32", act_dtype="fp32"))
    return config


def ops_by_precision(graph: Any) -> tuple[list[str], list[str]]:
    """Return the names of the compute ops that read dequantized inputs (INT8), and of the rest."""
    kinds = {node.name: node.op for node in graph.node}
    int8: list[str] = []
    fp32: list[str] = []
    for node in graph.node:
        if node.op in COMPUTE_OPS:
            sources = [kinds.get(name.split(":")[0].lstrip("^")) for name in node.input[:2]]
            (int8 if set(sources) == {"Dequantize"} else fp32).append(node.name)
    return int8, fp32
