"""The search for a recipe: first for the fastest kernels, then for the accuracy bound."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from stages.quantize.bound import Bound
from stages.quantize.op_graph import Graph
from stages.quantize.op_profile import compute_ops
from stages.quantize.recipes import follow_ups
from stages.records.quantize import Finding, Layer, Recipe, Sensitivity
from stages.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of a recipe: a model with its figures, or the `failure`."""

    recipe: Recipe
    model: Path | None = None
    failure: str = ""
    accuracy_top1: float = 0.0
    predictions: list[int] = field(default_factory=list)
    throughput_images_per_s: float = 0.0
    batch_seconds: list[list[float]] = field(default_factory=list)
    graph: Graph = field(default_factory=lambda: Graph([]))
    layers: list[Layer] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0


class Search:
    """Tries recipes, at most `max_trials`, no recipe twice.

    `attempt` makes and measures one recipe; `sensitivity` tells for a recipe what each of its
    INT8 ops costs, the costliest first.
    """

    def __init__(
        self,
        settings: Settings,
        bound: Bound,
        attempt: Callable[[Recipe], Attempt],
        sensitivity: Callable[[Attempt], list[Sensitivity]],
        *,
        sharing: bool,
    ) -> None:
        self._settings, self._bound = settings, bound
        self._attempt, self._measure_sensitivity = attempt, sensitivity
        self._sharing = sharing
        self.attempts: list[Attempt] = []
        self.sensitivity: list[Sensitivity] = []

    def run(self) -> list[Attempt]:
        """Search, and return the attempts that meet the bound, the fastest first."""
        algorithms = self._settings.calibration_algorithms
        granularities = self._settings.weight_granularities
        self._for_kernels(Recipe(algorithm=algorithms[0], granularity=granularities[0]))
        base = self._fastest()
        if not self._meets(base) and not self._until_met(self._cheap(base)) and not base.failure:
            self._for_accuracy(base)
        met = [each for each in self.attempts if self._meets(each)]
        return sorted(met, key=lambda each: -each.throughput_images_per_s)

    def _for_kernels(self, first: Recipe) -> None:
        """Remove findings, breadth first, until there is none left that a move could remove."""
        waiting = [first]
        while waiting:
            tried = self._try(waiting.pop(0))
            if tried:
                waiting += follow_ups(
                    tried.recipe,
                    tried.findings,
                    tried.graph,
                    self._settings.weight_granularities,
                    sharing=self._sharing,
                )

    def _cheap(self, base: Attempt) -> list[Recipe]:
        """Return what may mend the accuracy at hardly any cost in time, the quickest to try first.

        That is the last op that multiplies in FP32, then the first one, too: they are the most
        sensitive in most classifiers, the last costs nothing, the first the conversion of the
        largest activations; and each of that and the base recipe, calibrated in each other way.
        """
        ops = compute_ops(base.layers, int8=True)
        ends = [(), ops[-1:], ops[:1] + ops[-1:]]
        return [
            replace(base.recipe, algorithm=algorithm, granularity=granularity, left_out=left_out)
            for algorithm, granularity in product(
                self._settings.calibration_algorithms, self._settings.weight_granularities
            )
            for left_out in (tuple(sorted({*base.recipe.left_out, *each})) for each in ends)
        ]

    def _for_accuracy(self, base: Attempt) -> None:
        """Return ops to FP32, the costliest first, ever more of them, until the bound is met."""
        self.sensitivity = self._measure_sensitivity(base)
        ops = [each.op for each in self.sensitivity]
        counts = [2**power for power in range(len(ops).bit_length()) if 2**power < len(ops)]
        self._until_met(
            replace(base.recipe, left_out=tuple(sorted({*base.recipe.left_out, *ops[:count]})))
            for count in counts
        )

    def _until_met(self, recipes: Iterable[Recipe]) -> bool:
        tried = (self._try(recipe) for recipe in recipes)
        return any(each is not None and self._meets(each) for each in tried)

    def _try(self, recipe: Recipe) -> Attempt | None:
        if recipe in [each.recipe for each in self.attempts]:
            return None
        if len(self.attempts) >= self._settings.max_trials:
            return None
        self.attempts.append(self._attempt(recipe))
        return self.attempts[-1]

    def _fastest(self) -> Attempt:
        return max(self.attempts, key=lambda each: each.throughput_images_per_s)

    def _meets(self, attempt: Attempt) -> bool:
        return not attempt.failure and self._bound.is_met_by(attempt.accuracy_top1)
