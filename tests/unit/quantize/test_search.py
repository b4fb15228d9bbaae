from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from stages.quantize.bound import Bound
from stages.quantize.search import Attempt, Search
from stages.records.quantize import Recipe, Sensitivity
from stages.settings import Settings
from tests.unit.quantize.parts import RECIPE, attempt, finding, layer

SHARED = replace(RECIPE, shared=("pool",))
LEFT_OUT = replace(RECIPE, left_out=("pool",))
AT_POOL = [finding("reference_kernel", "pool")]


def slower(recipe: Recipe) -> float:
    """Return a throughput that each op in FP32 reduces, and the second algorithm, too."""
    return 10.0 - len(recipe.left_out) - (recipe.algorithm == "kl") / 2


class Trials:
    """Attempts by a rule; `tried` and `bases` are what a search asked for, in order."""

    def __init__(self, rule: Callable[[Recipe], Attempt], ops: tuple[str, ...] = ()) -> None:
        self._rule, self._ops = rule, ops
        self.tried: list[Recipe] = []
        self.bases: list[Recipe] = []

    def search(
        self, *, sharing: bool = True, max_trials: int = 12, tensors: bool = False
    ) -> Search:
        settings = Settings(
            max_trials=max_trials,
            weight_granularities=("per_channel", "per_tensor") if tensors else ("per_channel",),
        )
        bound = Bound(1.0, 0.01)
        return Search(settings, bound, self.attempt, self.measure_sensitivity, sharing=sharing)

    def attempt(self, recipe: Recipe) -> Attempt:
        self.tried.append(recipe)
        return self._rule(recipe)

    def measure_sensitivity(self, base: Attempt) -> list[Sensitivity]:
        self.bases.append(base.recipe)
        return [Sensitivity(op=op, accuracy_top1=0.5, divergence=0.1) for op in self._ops]


def recipes_of(attempts: Sequence[Attempt]) -> list[Recipe]:
    return [attempt.recipe for attempt in attempts]


def always_found(accuracy: float) -> Callable[[Recipe], Attempt]:
    return lambda recipe: attempt(recipe, accuracy, slower(recipe), AT_POOL)


def test_a_first_recipe_without_findings_that_meets_the_bound_is_enough() -> None:
    trials = Trials(attempt)
    (met,) = trials.search().run()
    assert (met.recipe, trials.tried, trials.bases) == (RECIPE, [RECIPE], [])


def test_findings_are_removed_by_sharing_first_then_by_leaving_out() -> None:
    trials = Trials(always_found(1.0))
    met = trials.search().run()
    assert trials.tried == [RECIPE, SHARED, LEFT_OUT]
    assert recipes_of(met) == [RECIPE, SHARED, LEFT_OUT]


def test_what_can_not_be_shared_is_one_trial_with_what_is_left_out() -> None:
    def refusing(recipe: Recipe) -> Attempt:
        made = LEFT_OUT if recipe == SHARED else recipe
        return attempt(made, 1.0, slower(made), [*AT_POOL, finding("reorder", "pool")])

    trials = Trials(refusing)
    met = trials.search().run()
    assert trials.tried == [RECIPE, SHARED]
    assert recipes_of(met) == [RECIPE, LEFT_OUT]


def test_what_meets_the_bound_is_returned_fastest_first() -> None:
    speeds = {RECIPE: 1.0, SHARED: 3.0, LEFT_OUT: 2.0}
    trials = Trials(lambda recipe: attempt(recipe, 1.0, speeds[recipe], AT_POOL))
    assert recipes_of(trials.search().run()) == [SHARED, LEFT_OUT, RECIPE]


def test_a_runtime_without_shared_scales_is_not_asked_for_them() -> None:
    trials = Trials(always_found(1.0))
    trials.search(sharing=False).run()
    assert trials.tried == [RECIPE, LEFT_OUT]


def test_a_search_ends_with_its_trials() -> None:
    trials = Trials(always_found(0.5), ("conv1", "conv2"))
    search = trials.search(max_trials=2)
    assert search.run() == []
    assert trials.tried == recipes_of(search.attempts) == [RECIPE, SHARED]
    assert search.cut_short


def test_beyond_the_bound_algorithms_and_granularities_are_tried_in_order() -> None:
    findings = {RECIPE: AT_POOL}
    trials = Trials(
        lambda recipe: attempt(recipe, 0.5, 1.0 + len(recipe.shared), findings.get(recipe, ()))
    )
    trials.search(tensors=True).run()
    others = [
        replace(SHARED, granularity="per_tensor"),
        replace(SHARED, algorithm="kl"),
        replace(SHARED, algorithm="kl", granularity="per_tensor"),
    ]
    assert trials.tried == [RECIPE, SHARED, LEFT_OUT, *others]
    assert trials.bases == [SHARED]


def test_the_first_algorithm_that_meets_the_bound_ends_the_search() -> None:
    accuracies = {"minmax": 0.98, "kl": 0.99}
    trials = Trials(lambda recipe: attempt(recipe, accuracies[recipe.algorithm], slower(recipe)))
    (met,) = trials.search(tensors=True).run()
    assert met.recipe == replace(RECIPE, algorithm="kl")
    assert trials.tried[-1] == met.recipe
    assert trials.bases == []


def test_a_slow_recipe_within_the_bound_does_not_end_the_search_for_a_fast_one() -> None:
    trials = Trials(
        lambda recipe: attempt(recipe, 1.0 if recipe.left_out else 0.5, slower(recipe), AT_POOL)
    )
    met = trials.search().run()
    assert replace(RECIPE, algorithm="kl") in trials.tried
    assert trials.bases == [RECIPE]
    assert recipes_of(met) == [LEFT_OUT]


OPS = ("head", "conv2", "conv1", "conv4", "conv3")


LAST = replace(RECIPE, left_out=("head",))
ENDS = replace(RECIPE, left_out=("conv1", "head"))


@pytest.mark.parametrize(("enough", "tried"), [(1, [RECIPE, LAST]), (2, [RECIPE, LAST, ENDS])])
def test_the_last_and_the_first_op_return_to_fp32_before_any_is_measured(
    enough: int, tried: list[Recipe]
) -> None:
    layers = [layer(op) for op in ("conv1", "conv2", "head")]

    def rule(recipe: Recipe) -> Attempt:
        accuracy = 1.0 if len(recipe.left_out) >= enough else 0.5
        return replace(attempt(recipe, accuracy), layers=layers)

    trials = Trials(rule, OPS)
    assert recipes_of(trials.search().run()) == tried[-1:]
    assert trials.tried == tried
    assert trials.bases == []


def mixed(count: int) -> Recipe:
    return replace(RECIPE, left_out=tuple(sorted(OPS[:count])))


def test_the_costliest_ops_return_to_fp32_twice_as_many_each_time() -> None:
    trials = Trials(lambda recipe: attempt(recipe, 0.5, slower(recipe)), OPS)
    search = trials.search()
    assert search.run() == []
    assert trials.tried == [RECIPE, replace(RECIPE, algorithm="kl"), mixed(1), mixed(2), mixed(4)]
    assert [gain.op for gain in search.sensitivity] == list(OPS)
    assert not search.cut_short


@pytest.mark.parametrize(("max_trials", "last"), [(12, 8), (6, 2), (3, 1)])
def test_the_cheap_recipes_leave_trials_for_the_costliest_ops(max_trials: int, last: int) -> None:
    ops = [f"conv{number}" for number in range(1, 10)]

    def rule(recipe: Recipe) -> Attempt:
        return replace(attempt(recipe, 0.5, slower(recipe)), layers=[*map(layer, ops)])

    trials = Trials(rule, (*ops,))
    search = trials.search(max_trials=max_trials, tensors=True)
    assert (search.run(), search.cut_short) == ([], True)
    assert len(trials.tried) == max_trials
    assert trials.tried[-1].left_out == tuple(ops[:last])


def test_no_more_ops_return_to_fp32_than_the_bound_takes() -> None:
    trials = Trials(
        lambda recipe: attempt(recipe, 1.0 if len(recipe.left_out) > 1 else 0.5, slower(recipe)),
        OPS,
    )
    assert recipes_of(trials.search().run()) == [mixed(2)]
    assert mixed(4) not in trials.tried


def test_what_was_left_out_for_its_kernel_stays_so() -> None:
    findings = {RECIPE: [finding("reference_kernel", "conv2")]}

    def rule(recipe: Recipe) -> Attempt:
        throughput = 1.0 + ("conv2" in recipe.left_out)
        return attempt(recipe, 0.5, throughput, findings.get(recipe, ()))

    trials = Trials(rule, ("head", "conv1", "conv3"))
    trials.search().run()
    assert trials.bases == [replace(RECIPE, left_out=("conv2",))]
    assert [recipe.left_out for recipe in trials.tried[-2:]] == [
        ("conv2", "head"),
        ("conv1", "conv2", "head"),
    ]


def test_a_failure_is_kept_and_others_are_tried() -> None:
    def rule(recipe: Recipe) -> Attempt:
        failed = Attempt(recipe=recipe, failure="it died")
        return failed if recipe.algorithm == "minmax" else attempt(recipe)

    trials = Trials(rule)
    search = trials.search()
    assert [recipe.algorithm for recipe in recipes_of(search.run())] == ["kl"]
    assert [attempt.failure for attempt in search.attempts] == ["it died", ""]


def test_where_every_recipe_fails_nothing_is_met_and_no_sensitivity_is_measured() -> None:
    trials = Trials(lambda recipe: Attempt(recipe=recipe, failure="it died"), OPS)
    search = trials.search(tensors=True)
    assert search.run() == []
    assert len(search.attempts) == 4
    assert trials.bases == []
