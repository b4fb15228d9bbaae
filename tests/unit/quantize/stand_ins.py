"""An evaluator that measures nothing, and a compressor that quantizes nothing."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stages.quantize.compressor import Compressor
from stages.quantize.evaluator import Answers, Contender, Evaluator, Examination, Times
from stages.quantize.op_graph import Graph
from stages.records.quantize import Layer, Recipe
from tests.unit.quantize.parts import chain, layer

INT8_LAYERS = [layer("conv1"), layer("pool", "pooling"), layer("conv2"), layer("head", "matmul")]
FP32_LAYERS = [layer(int8.op, int8.primitive, ("f32", "f32")) for int8 in INT8_LAYERS]


def answers(accuracy: float, first: float = 0.9) -> Answers:
    """Return answers in which class 0 has the probability `first` for each of three images."""
    return Answers(np.array([[first, 1 - first]] * 3), accuracy)


class StandInEvaluator(Evaluator):
    """Has INT8 layers for INT8 models; accuracies, speeds and failures go by a contender's name.

    `duels` are speeds in more than one round, if they differ from those in one; what is missing is
    1. `examined` and `timed` are the names it was asked for; memory holds `most` models.
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
        self.most = 4

    def keep_logs_in(self, folder: Path) -> None:
        """Leave a log for each proof."""
        self._logs = folder

    def examine(self, contender: Contender, graph: Graph) -> Examination:
        self.examined.append(contender.name)
        if contender.name in self.failures:
            raise self.failures[contender.name]
        if self._logs:
            (self._logs / f"{contender.name}.log").write_text(contender.precision)
        classified = self.classify(contender)
        if contender.precision.startswith("int8"):
            return Examination(self.int8_layers, self.fallbacks, classified)
        return Examination(FP32_LAYERS, [], classified)

    def classify(self, contender: Contender) -> Answers:
        return answers(self.accuracies.get(contender.name, 1.0))

    def fit(self, contenders: Sequence[Contender]) -> bool:
        return len(contenders) <= self.most

    def time(self, contenders: Sequence[Contender], rounds: int) -> Times:
        names = [contender.name for contender in contenders]
        self.timed.append(names)
        by_name = self.speeds | (self.duels if rounds > 1 else {})
        speeds = [by_name.get(name, 1.0) for name in names]
        return Times([[[2 / speed]] for speed in speeds], speeds)


class StandInCompressor(Compressor):
    """Writes a file that names the recipe, and prints; recipes in `failures` fail."""

    def __init__(self) -> None:
        self.graph, self.fuses_qdq = chain(), True
        self.failures: dict[Recipe, Exception] = {}
        self.refused: list[str] = []
        self.made: list[Recipe] = []

    def graph_of(self, model: Path) -> Graph:
        return self.graph

    def write_model(self, recipe: Recipe, destination: Path) -> list[str]:
        os.write(1, b"chatter\n")
        self.made.append(recipe)
        if recipe in self.failures:
            raise self.failures[recipe]
        destination.mkdir()
        (destination / "saved_model.pb").write_text(repr(recipe))
        return self.refused
