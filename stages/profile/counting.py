"""Which turns the figures come from: by the kernel's counters alone, never by how long they took.

A disturbed turn stays in the record, marked, and is taken again. Figures come from the rounds in
which each cell that took part has an undisturbed turn, so that cells are compared over the same
rounds. Where these are too few, as on a machine that is never quiet, they come from all rounds, and
the cells' verdicts say what disturbed them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from stages.common.bounds import BOUND_OF
from stages.records.base import MIN_ROUNDS
from stages.records.measure import Disturbance, Interference, Run

DISTURBANCES: tuple[Disturbance, ...] = get_args(Disturbance)
BOUNDS: dict[Disturbance, float] = {kind: BOUND_OF[kind] for kind in DISTURBANCES}


def disturbances(interference: Interference) -> list[Disturbance]:
    """Return what was beyond its bound."""
    amounts = interference.amounts
    return [kind for kind, bound in BOUNDS.items() if abs(amounts[kind]) > bound]


def marked(cells: Sequence[Sequence[Run]]) -> list[list[Run]]:
    """Return the turns of cells, each marked whether it counts.

    Where memory does not hold all cells at once, some took part in other rounds than others.
    """
    best = [_best_by_round(runs) for runs in cells]
    counting = {number for rounds in _by_cells(best) for number in _that_count(rounds, best)}
    return [
        [replace(run, counts=run.round in counting and run is turns[run.round]) for run in runs]
        for runs, turns in zip(cells, best, strict=True)
    ]


def _by_cells(best: Sequence[Mapping[int, Run]]) -> Iterable[list[int]]:
    """Return the rounds in which the same cells took part, together."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for number in sorted({number for turns in best for number in turns}):
        cells = tuple(index for index, turns in enumerate(best) if number in turns)
        groups.setdefault(cells, []).append(number)
    return groups.values()


def _that_count(rounds: Sequence[int], best: Sequence[Mapping[int, Run]]) -> Sequence[int]:
    quiet = [
        number
        for number in rounds
        if not any(turns[number].disturbed_by for turns in best if number in turns)
    ]
    return quiet if len(quiet) >= MIN_ROUNDS else rounds


def _best_by_round(runs: Sequence[Run]) -> dict[int, Run]:
    """Return the least disturbed turn of each round."""
    best: dict[int, Run] = {}
    for run in runs:
        if run.round not in best or _badness(run) < _badness(best[run.round]):
            best[run.round] = run
    return best


def _badness(run: Run) -> tuple[bool, float]:
    """Return by what one turn of a round is worse than another."""
    return bool(run.disturbed_by), run.interference.waited_for_others + run.interference.steal
