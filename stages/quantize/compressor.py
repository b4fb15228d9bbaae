"""Intel Neural Compressor: from a recipe and calibration images to an INT8 SavedModel.

Source: neural-compressor 3.10, `neural_compressor.tensorflow.quantize_model`.
"""

import contextlib
import gc
import shutil
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.common.host.memory import give_back
from stages.errors import ModelError
from stages.folder.full_disk import scratch_folder
from stages.quantize.capture import errors_of
from stages.quantize.op_graph import OTHER_QUANTIZABLE_OPS, Graph
from stages.quantize.qdq_rewrite import read_graph, rewrite
from stages.records.quantize import Recipe
from stages.runtimes import get_runtime
from stages.samples import Samples


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


class Compressor:
    """Quantizes one model for one runtime, and keeps each calibration, as it is slow.

    A runtime that fuses pairs of QuantizeV2 and Dequantize (`fuses_qdq`) gets a graph of such
    pairs, which can be changed after the calibration; the others get the fused ops themselves.
    `graph` is the model's in FP32. Raises ModelError if Neural Compressor can't read the model.
    """

    def __init__(self, model: Path, runtime: str, loader: CalibrationLoader, folder: Path) -> None:
        from neural_compressor.tensorflow.utils import Model

        self._model, self._loader, self._folder = model, loader, folder
        self.fuses_qdq = get_runtime(runtime).fuses_qdq
        extension = get_runtime(runtime).extension
        if extension:
            # Neural Compressor swallows a failing import and would quantize for another runtime.
            import_module(extension)
        graph_def = getattr(Model(str(model)), "graph_def", None)
        if graph_def is None:
            raise ModelError(f"{model} is no plain SavedModel; write it with tf.saved_model.save")
        self.graph = Graph(graph_def.node)
        self._calibrated: dict[Recipe, Path] = {}

    def write_model(self, recipe: Recipe, destination: Path) -> list[str]:
        """Write the INT8 SavedModel; return the ops whose scale could not be shared after all."""
        calibrated, in_fp32 = self._split(recipe)
        if calibrated not in self._calibrated:
            model = self._folder / f"calibrated-{len(self._calibrated)}"
            self._calibrate(calibrated, model)
            self._calibrated[calibrated] = model
        shutil.copytree(self._calibrated[calibrated], destination)
        if not self.fuses_qdq:
            return []
        return rewrite(destination, shared=recipe.shared, in_fp32=in_fp32)

    def graph_of(self, model: Path) -> Graph:
        """Return the graph whose op names the recipes for `model` use.

        If the runtime fuses pairs, that is the graph that Neural Compressor made, as it folds ops
        before it quantizes; else it is the FP32 model's, whose names the fused ops keep.
        """
        if not self.fuses_qdq or model == self._model:
            return self.graph
        return Graph(read_graph(model).node)

    def _split(self, recipe: Recipe) -> tuple[Recipe, list[str]]:
        """Return the recipe to calibrate by, and the ops to return to FP32 afterwards."""
        in_fp32 = [
            op
            for op in recipe.left_out
            if self.fuses_qdq and self.graph.op_type(op) not in OTHER_QUANTIZABLE_OPS
        ]
        left_out = {*recipe.left_out, *recipe.shared} - set(in_fp32)
        return replace(recipe, left_out=tuple(sorted(left_out)), shared=()), in_fp32

    def _calibrate(self, recipe: Recipe, destination: Path) -> None:
        from neural_compressor.tensorflow import quantize_model
        from neural_compressor.tensorflow.utils import Model

        # Neural Compressor leaves files of its own in the working directory.
        with (
            scratch_folder("calibration-") as scratch,
            contextlib.chdir(scratch),
            errors_of("neural_compressor") as logged,
        ):
            try:
                quantized = quantize_model(
                    Model(str(self._model)),
                    _configuration(recipe),
                    self._loader,
                    calib_iteration=len(self._loader),
                )
                quantized.save(str(destination))
            except Exception as error:  # whose type depends on the graph
                reason = next(iter(logged), repr(error))
                raise ModelError(f"Neural Compressor gave up: {reason}") from error
        # Its sessions are in cycles of objects, and hold half of what it took.
        gc.collect()
        give_back()


def _configuration(recipe: Recipe) -> Any:
    from neural_compressor.tensorflow import StaticQuantConfig

    configuration = StaticQuantConfig(
        weight_granularity=recipe.granularity, act_algorithm=recipe.algorithm
    )
    for op in recipe.left_out:
        configuration.set_local(op, StaticQuantConfig(weight_dtype="fp32", act_dtype="fp32"))
    return configuration
