"""The rounds of a group: all of its points take turns until their throughputs are known closely."""

from collections.abc import Sequence

from stages.common.progress import Progress
from stages.common.stats import interval, round_figures, spread
from stages.profile.turns import CellSamples, Turns
from stages.profile.until_sure import Budget
from stages.profile.validity import MAX_SPREAD
from stages.records.base import MIN_ROUNDS

OFFLINE = "offline"


def take_rounds(turns: Turns, budget_s: float, progress: Progress) -> None:
    """Take the number of rounds asked for, else those that it takes to know each point closely.

    These are at least MIN_ROUNDS, whatever time they take, and no more than `budget_s` allows.
    """
    if turns.settings.rounds:
        _take_fixed(turns, progress)
        return
    budget = Budget(budget_s)
    while _is_due(turns, budget):
        turns.take_round(OFFLINE, may_repeat=lambda: budget.allows(0.0))
        progress.show(_so_far(turns, budget))


def _take_fixed(turns: Turns, progress: Progress) -> None:
    count = turns.settings.rounds
    progress.begin_parts()
    for number in range(count):
        turns.take_round(OFFLINE, may_repeat=lambda: False)
        progress.update(number + 1, count)


def _is_due(turns: Turns, budget: Budget) -> bool:
    if turns.rounds[OFFLINE] < MIN_ROUNDS:
        return True
    return budget.allows(turns.seconds[OFFLINE]) and widest(turns.samples) > MAX_SPREAD


def widest(samples: Sequence[CellSamples]) -> float:
    """Return half the width of the widest interval of a point, as a fraction of its throughput."""
    return max(spread(interval(round_figures(OFFLINE, it.runs[OFFLINE]))) for it in samples)


def _so_far(turns: Turns, budget: Budget) -> str:
    done, round_s = turns.rounds[OFFLINE], turns.seconds[OFFLINE]
    if done < MIN_ROUNDS:
        return f"{done} done, about {round_s * (MIN_ROUNDS - done):.0f} s to {MIN_ROUNDS} rounds"
    known = f"each throughput is known to {widest(turns.samples):.1%}"
    return f"{done} done, {known}, at most {max(0.0, budget.left_s):.0f} s left"
