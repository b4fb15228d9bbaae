"""Tries recipes in order until one keeps the accuracy on the validation split."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.errors import AccuracyBoundError
from stages.quantize.recipes import Recipe
from stages.records import Trial

Attempt = Callable[[Recipe, Path], float]


@dataclass(frozen=True, slots=True)
class Bound:
    """The accuracy bound: `reference` is FP32's top-1, `tolerable_loss` is relative to it."""

    reference: float
    tolerable_loss: float

    def loss(self, accuracy: float) -> float:
        """Return the relative loss; negative where INT8 is better."""
        return (self.reference - accuracy) / self.reference if self.reference else 0.0


def tune(
    recipes: Sequence[Recipe], attempt: Attempt, bound: Bound, destination: Path
) -> list[Trial]:
    """Let `attempt` write a model to `destination` by each recipe until one meets the bound.

    Returns all trials; the last one met it. Raises AccuracyBoundError, with what was reached,
    where none did.
    """
    trials: list[Trial] = []
    for recipe in recipes:
        shutil.rmtree(destination, ignore_errors=True)
        began = time.monotonic()
        accuracy = attempt(recipe, destination)
        loss = bound.loss(accuracy)
        trial = Trial(
            recipe=recipe.name,
            accuracy_top1=accuracy,
            loss=loss,
            met=loss <= bound.tolerable_loss,
            seconds=time.monotonic() - began,
        )
        trials.append(trial)
        if trial.met:
            return trials
    raise AccuracyBoundError(_none_met(trials, bound))


def _none_met(trials: list[Trial], bound: Bound) -> str:
    best = min(trials, key=lambda trial: trial.loss)
    return (
        f"none of {len(trials)} recipes kept the loss within {bound.tolerable_loss:.2%}: "
        f"best {best.loss:.2%} (top-1 {best.accuracy_top1:.2%} against FP32's "
        f"{bound.reference:.2%}) by '{best.recipe}'; raise VGG19_TOLERABLE_LOSS or calibrate "
        "with more images (VGG19_CALIBRATION_SAMPLES)"
    )
