"""An evaluator that measures nothing and a compressor that quantizes nothing."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stages.quantize.compressor import Compressor
from stages.quantize.evaluator import Answers, Contender, Evaluator, Examined, Times
from stages.quantize.op_graph import Graph
from stages.records.quantize import Layer, Recipe
from tests.unit.quantize.parts import chain, layer

INT8_LAYERS = [layer("conv1"), layer("pool", "pooling"), layer("conv2"), layer("head", "matmul")]
FP32_LAYERS = [layer(each.op, each.primitive, ("f32", "f32")) for each in INT8_LAYERS]


def answers(accuracy: float, first: float = 0.9) -> Answers:
    """Return answers whose probabilities are `first` and the rest to 1 for each image."""
    return Answers(np.array([[first, 1 - first]] * 2), accuracy)


class StandInEvaluator(Evaluator):
    """Finds INT8 layers in INT8 models; what it measures is by a contender's name.

    `duels` are speeds in more than one round, if others than in one; what is missing is 1.
    `examined` and `timed` are the names it was asked for.
    """

    def __init__(self) -> None:
        self._logs: Path | None = None
        self.accuracies: dict[str, float] = {}
        self.speeds: dict[str, float] = {}
        self.duels: dict[str, float] = {}
        self.failures: dict[str, Exception] = {}
        self.fallbacks: list[str] = []
        self.int8_layers: list[Layer] = INT8_LAYERS
        self.examined: list[str] = []
        self.timed: list[list[str]] = []

    def keep_logs_in(self, folder: Path) -> None:
        """Leave a log for each proof."""
        self._logs = folder

    def examine(self, contender: Contender, graph: Graph) -> Examined:
        self.examined.append(contender.name)
        if contender.name in self.failures:
            raise self.failures[contender.name]
        if self._logs:
            (self._logs / f"{contender.name}.log").write_text(contender.precision)
        found = self.answers(contender)
        if contender.precision.startswith("int8"):
            return Examined(self.int8_layers, self.fallbacks, found)
        return Examined(FP32_LAYERS, [], found)

    def answers(self, contender: Contender) -> Answers:
        return answers(self.accuracies.get(contender.name, 1.0))

    def times(self, contenders: Sequence[Contender], rounds: int) -> Times:
        self.timed.append([each.name for each in contenders])
        speeds = self.speeds | (self.duels if rounds > 1 else {})
        found = [speeds.get(each.name, 1.0) for each in contenders]
        return Times([[[2 / each]] for each in found], found, {"tensorflow": "2"})


class StandInCompressor(Compressor):
    """Writes a file that names the recipe, and prints; recipes in `failures` fail."""

    def __init__(self) -> None:
        self.graph, self.rewrites = chain(), True
        self.failures: dict[Recipe, Exception] = {}
        self.refused: list[str] = []
        self.made: list[Recipe] = []

    def graph_of(self, model: Path) -> Graph:
        return self.graph

    def make(self, recipe: Recipe, destination: Path) -> list[str]:
        os.write(1, b"chatter\n")
        self.made.append(recipe)
        if recipe in self.failures:
            raise self.failures[recipe]
        destination.mkdir()
        (destination / "saved_model.pb").write_text(repr(recipe))
        return self.refused
