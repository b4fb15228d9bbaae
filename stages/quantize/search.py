"""The search for a recipe: first for the fastest kernels, then for the accuracy bound."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

from stages.errors import ModelError
from stages.precisions import INT8
from stages.quantize.bound import Bound
from stages.quantize.evaluator import Contender
from stages.quantize.op_graph import Graph
from stages.quantize.op_profile import compute_ops
from stages.quantize.recipes import follow_ups
from stages.records.quantize import Finding, Layer, Recipe, Sensitivity
from stages.settings import Settings

# A third of the trials, but no more than these, is kept for the ops that measuring shows to be the
# costliest: 1, 2, 4, 8 of them in FP32. The cheap recipes alone could take them all.
KEPT_FOR_COSTLIEST, ONE_OF = 4, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of a recipe: a model with its figures, or the `failure`; its record is a Trial.

    A failure that `may_pass` is none of the recipe's own.

    `name` is the model's for messages and files; `predictions`, `accuracy_top1` and
    `agreement_fp32`, the fraction with FP32's class, are on the validation split, `batch_seconds`
    those of every batch by round; `layers` and `findings` name ops of `graph`; `seconds` is how
    long it all took.
    """

    recipe: Recipe
    name: str = ""
    model: Path | None = None
    failure: str = ""
    may_pass: bool = False
    accuracy_top1: float = 0.0
    agreement_fp32: float = 0.0
    predictions: list[int] = field(default_factory=list)
    throughput_images_per_s: float = 0.0
    batch_seconds: list[list[float]] = field(default_factory=list)
    graph: Graph = field(default_factory=lambda: Graph([]))
    layers: list[Layer] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def contender(self) -> Contender:
        """Its model, to be timed again; ModelError if it has none."""
        if self.model is None:
            raise ModelError(f"a recipe without a model can't be timed: {self.failure}")
        return Contender(self.name, self.model, INT8)


class Search:
    """Tries recipes, at most `max_trials`, no recipe twice.

    `attempt` makes and measures one recipe; `measure_sensitivity` returns what each INT8 op's
    return to FP32 gives, the most valuable first; `sharing` is whether scales can be shared in
    this runtime's graphs. `attempts` and `sensitivity` are what has been measured so far;
    `cut_short` is whether a recipe was left untried for want of trials.
    """

    def __init__(
        self,
        settings: Settings,
        bound: Bound,
        attempt: Callable[[Recipe], Attempt],
        measure_sensitivity: Callable[[Attempt], list[Sensitivity]],
        *,
        sharing: bool,
    ) -> None:
        self._settings, self._bound = settings, bound
        self._attempt, self._measure_sensitivity = attempt, measure_sensitivity
        self._sharing = sharing
        self._asked: set[Recipe] = set()
        self.attempts: list[Attempt] = []
        self.sensitivity: list[Sensitivity] = []
        self.cut_short = False

    def run(self) -> list[Attempt]:
        """Search, and return the attempts that meet the bound, the fastest first."""
        self._remove_findings()
        base = max(self.attempts, key=_speed)
        if not self._is_within_bound(base):
            self._restore_accuracy(base)
        met = [attempt for attempt in self.attempts if self._is_within_bound(attempt)]
        return sorted(met, key=_speed, reverse=True)

    def _remove_findings(self) -> None:
        """Try the first recipe, then those that may remove findings, breadth first."""
        algorithms = self._settings.calibration_algorithms
        granularities = self._settings.weight_granularities
        waiting = [Recipe(algorithm=algorithms[0], granularity=granularities[0])]
        while waiting:
            attempt = self._try(waiting.pop(0), self._settings.max_trials)
            if attempt:
                waiting += follow_ups(
                    attempt.recipe,
                    attempt.findings,
                    attempt.graph,
                    granularities,
                    sharing=self._sharing,
                )

    def _restore_accuracy(self, base: Attempt) -> None:
        """Try recipes that may meet the bound until one does, the cheap ones first."""
        most = self._settings.max_trials
        kept = 0 if base.failure else min(KEPT_FOR_COSTLIEST, most // ONE_OF)
        if self._try_until_met(self._cheap_recipes(base), most - kept) or base.failure:
            return
        self.sensitivity = self._measure_sensitivity(base)
        ops = [gain.op for gain in self.sensitivity]
        self._try_until_met(_costliest_in_fp32(base.recipe, ops), most)

    def _cheap_recipes(self, base: Attempt) -> list[Recipe]:
        """Return recipes that may restore the accuracy at hardly any cost in time.

        Each calibrates in one of the ways that the settings name, and leaves in FP32 what `base`
        does, then also the last op that multiplies, then also the first one. Those two are the
        most sensitive in most classifiers; the last costs nothing, the first the conversion of the
        largest activations. The quickest to try comes first.
        """
        ops = compute_ops(base.layers, int8=True)
        choices = [_also_in_fp32(base.recipe, ends) for ends in ([], ops[-1:], ops[:1] + ops[-1:])]
        ways = product(self._settings.calibration_algorithms, self._settings.weight_granularities)
        return [
            replace(recipe, algorithm=algorithm, granularity=granularity)
            for algorithm, granularity in ways
            for recipe in choices
        ]

    def _try_until_met(self, recipes: Iterable[Recipe], most: int) -> bool:
        attempts = (self._try(recipe, most) for recipe in recipes)
        return any(attempt and self._is_within_bound(attempt) for attempt in attempts)

    def _try(self, recipe: Recipe, most: int) -> Attempt | None:
        """Return what comes of a recipe; None if it was tried, or there are `most` trials.

        What was made may be another one, as not all that is asked for can be done.
        """
        made = {attempt.recipe for attempt in self.attempts}
        if recipe in made | self._asked:
            return None
        if len(self.attempts) >= most:
            self.cut_short = True
            return None
        self._asked.add(recipe)
        attempt = self._attempt(recipe)
        if attempt.recipe in made:
            return None
        self.attempts.append(attempt)
        return attempt

    def _is_within_bound(self, attempt: Attempt) -> bool:
        return not attempt.failure and self._bound.is_met_by(
            attempt.accuracy_top1, attempt.agreement_fp32
        )


def _speed(attempt: Attempt) -> float:
    return attempt.throughput_images_per_s


def _costliest_in_fp32(recipe: Recipe, ops: Sequence[str]) -> list[Recipe]:
    """Return recipes with the first 1, 2, 4, ... of `ops` in FP32, too, but never all of them."""
    counts = [2**power for power in range(len(ops).bit_length()) if 2**power < len(ops)]
    return [_also_in_fp32(recipe, ops[:count]) for count in counts]


def _also_in_fp32(recipe: Recipe, ops: Iterable[str]) -> Recipe:
    return replace(recipe, left_out=tuple(sorted({*recipe.left_out, *ops})))
