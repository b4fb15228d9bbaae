"""A bench that measures nothing and a compressor that quantizes nothing."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stages.quantize.bench import Bench, Contender, Score
from stages.quantize.compressor import Compressor
from stages.quantize.graph import Graph
from stages.records.quantize import Layer, Recipe
from tests.unit.quantize.parts import chain, layer

INT8_LAYERS = [layer("conv1"), layer("pool", "pooling"), layer("conv2"), layer("head", "matmul")]
FP32_LAYERS = [layer(each.op, each.primitive, ("f32", "f32")) for each in INT8_LAYERS]


def score(accuracy: float, first: float = 0.9, throughput: float = 1.0) -> Score:
    """Return a score whose probabilities are `first` and the rest to 1 for each image."""
    return Score(np.array([[first, 1 - first]] * 2), accuracy, throughput)


class StandInBench(Bench):
    """Finds INT8 layers in INT8 models; what it measures is by a contender's name.

    `duels` are speeds where contenders take turns, if other than alone; what is missing is 1.
    `proved`, `scored` and `timed` are the names it was asked for.
    """

    def __init__(self) -> None:
        self._logs: Path | None = None
        self.accuracies: dict[str, float] = {}
        self.speeds: dict[str, float] = {}
        self.duels: dict[str, float] = {}
        self.failures: dict[str, Exception] = {}
        self.fallbacks: list[str] = []
        self.int8_layers: list[Layer] = INT8_LAYERS
        self.proved: list[str] = []
        self.scored: list[str] = []
        self.timed: list[list[str]] = []

    def keep_logs_in(self, folder: Path) -> None:
        """Leave a log for each proof."""
        self._logs = folder

    def proof(self, contender: Contender, graph: Graph) -> tuple[list[Layer], list[str]]:
        self.proved.append(contender.name)
        if contender.name in self.failures:
            raise self.failures[contender.name]
        if self._logs:
            (self._logs / f"{contender.name}.log").write_text(contender.precision)
        int8 = contender.precision.startswith("int8")
        return (self.int8_layers, self.fallbacks) if int8 else (FP32_LAYERS, [])

    def score(self, contender: Contender) -> Score:
        self.scored.append(contender.name)
        speed = self.speeds.get(contender.name, 1.0)
        return score(self.accuracies.get(contender.name, 1.0), throughput=speed)

    def duel(self, contenders: Sequence[Contender]) -> list[float]:
        self.timed.append([each.name for each in contenders])
        speeds = self.speeds | self.duels
        return [speeds.get(each.name, 1.0) for each in contenders]

    def final(
        self, contenders: Sequence[Contender]
    ) -> tuple[list[float], list[float], dict[str, str]]:
        tests = [self.accuracies.get(f"{each.name} on test", 1.0) for each in contenders]
        return self.duel(contenders), tests, {"tensorflow": "2"}


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
