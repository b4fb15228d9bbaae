from pathlib import Path

import pytest

from stages.errors import AccuracyBoundError
from stages.quantize.recipes import RECIPES, Recipe
from stages.quantize.tuning import Bound, tune


class Accuracies:
    """An attempt that writes a model and reaches the next accuracy in line."""

    def __init__(self, *accuracies: float) -> None:
        self._left = list(accuracies)

    def __call__(self, recipe: Recipe, destination: Path) -> float:
        assert not destination.exists()
        destination.mkdir()
        (destination / recipe.name.replace("/", "")).touch()
        return self._left.pop(0)


def test_the_first_recipe_that_meets_the_bound_is_kept(tmp_path: Path) -> None:
    trials = tune(RECIPES, Accuracies(0.5, 0.95, 0.99), Bound(0.96, 0.02), tmp_path / "model")
    assert [trial.met for trial in trials] == [False, True]
    assert trials[-1].loss == pytest.approx(0.01 / 0.96)
    assert [path.name for path in (tmp_path / "model").iterdir()] == [RECIPES[1].name]


def test_a_bound_that_nothing_meets_fails_with_what_was_reached(tmp_path: Path) -> None:
    reached = [0.5] * (len(RECIPES) - 1) + [0.9]
    with pytest.raises(AccuracyBoundError) as caught:
        tune(RECIPES, Accuracies(*reached), Bound(1.0, 0.01), tmp_path / "model")
    message = str(caught.value)
    assert "best 10.00%" in message
    assert RECIPES[-1].name in message
    assert "VGG19_TOLERABLE_LOSS" in message


def test_a_loss_exactly_at_the_bound_is_met() -> None:
    assert Bound(1.0, 0.25).loss(0.75) == 0.25


def test_int8_may_be_better_than_fp32() -> None:
    assert Bound(0.8, 0.01).loss(0.9) < 0
