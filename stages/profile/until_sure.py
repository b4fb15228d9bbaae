"""Rounds go on until the figures are known closely enough, or the time for it is spent."""

import time
from collections.abc import Sequence

from stages.common.figures import multiple
from stages.common.pairs import Pair
from stages.common.progress import Progress
from stages.common.stats import speedup, spread
from stages.isa import rank
from stages.precisions import FP32, INT8
from stages.profile.loadgen_settings import has_fixed_rounds
from stages.profile.plan import PlannedCell
from stages.profile.sureness import Sureness, sureness, unsure_in_words
from stages.profile.turns import SCENARIOS, Turns
from stages.records.base import MIN_ROUNDS, Interval
from stages.records.measure import Run, counting

HOUR_S = 3600.0


class Budget:
    """Seconds that may be spent from now on."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        """How many are left, negative if more were spent."""
        return self._end - time.monotonic()

    def allows(self, seconds: float) -> bool:
        """Return whether something that takes `seconds` would still end in time."""
        return self.left_s >= seconds


def take_rounds(
    turns: Turns,
    cells: Sequence[PlannedCell],
    pairs: Sequence[Pair],
    budget_s: float,
    progress: Progress,
) -> float:
    """Take the number of rounds that is asked for, or as many as it takes within `budget_s`.

    `cells` are those of the groups, in their order: the last is the second time of one before it.
    `pairs` are those whose ratios are to be known. Return the seconds that were not spent, negative
    if it took more.
    """
    budget = Budget(budget_s)
    if has_fixed_rounds(turns.settings):
        _take_fixed(turns, progress)
    else:
        _take_until_sure(turns, cells, pairs, budget, progress)
    return budget.left_s


def _take_fixed(turns: Turns, progress: Progress) -> None:
    count = turns.settings.fixed_rounds
    progress.begin_parts()
    for number in range(count):
        for scenario in SCENARIOS:
            turns.take_round(scenario, may_repeat=lambda: False)
        progress.update(number + 1, count)


def _take_until_sure(
    turns: Turns,
    cells: Sequence[PlannedCell],
    pairs: Sequence[Pair],
    budget: Budget,
    progress: Progress,
) -> None:
    known: dict[str, Sureness] = {}
    while due := [name for name in SCENARIOS if _is_due(name, turns, known, budget)]:
        scenario = min(due, key=turns.rounds.__getitem__)
        turns.take_round(scenario, may_repeat=lambda: budget.allows(0.0))
        known[scenario] = _look(turns, cells, pairs, scenario)
        so_far = _so_far(turns, cells, pairs, known)
        progress.show(f"{so_far}; {_time_left(turns, known, budget)}")
    progress.note(_outcome(turns, known, budget))


def _is_due(scenario: str, turns: Turns, known: dict[str, Sureness], budget: Budget) -> bool:
    """Return whether another round of a scenario is needed, and would end in time."""
    is_first = scenario not in known
    return is_first or (not known[scenario].sure and budget.allows(turns.seconds[scenario]))


def _look(
    turns: Turns, cells: Sequence[PlannedCell], pairs: Sequence[Pair], scenario: str
) -> Sureness:
    *first, again = (samples.runs[scenario] for samples in turns.samples)
    *names, repeated = ((cell.precision, cell.isa) for cell in cells)
    runs = dict(zip(names, first, strict=True))
    return sureness(scenario, runs, repeated, again, pairs, turns.settings.precision_goal)


def _time_left(turns: Turns, known: dict[str, Sureness], budget: Budget) -> str:
    """Return how long it takes to be sure, or that there is less time than that."""
    left = max(0.0, budget.left_s)
    if any(sure.rounds < MIN_ROUNDS for sure in known.values()):
        return f"at most {left:.0f} s left"  # the intervals of so few rounds say nothing
    if any(sure.unlike_itself for sure in known.values()):  # more rounds need not change that
        return f"at most {left:.0f} s left: the cell measured twice is not as fast as itself"
    expected = sum(sure.rounds_left * turns.seconds[name] for name, sure in known.items())
    if expected <= left:
        return f"about {expected:.0f} s left"
    more = f"{expected:.0f} s" if expected < HOUR_S else f"{expected / HOUR_S:.0f} h"
    return f"about {more} more to be sure, {left:.0f} s left"


def _so_far(
    turns: Turns,
    cells: Sequence[PlannedCell],
    pairs: Sequence[Pair],
    known: dict[str, Sureness],
) -> str:
    """Return what is known by now, and how closely."""
    most = max(known, key=lambda name: known[name].rounds)
    parts = [f"{_counted(turns, most)} done"]
    if ratio := _effect(turns, cells, pairs):
        parts.append(f"INT8 {multiple(ratio.estimate)}x FP32 {_width(ratio)}")
    itself = known["offline"].itself
    parts.append(f"a cell {itself.estimate:.3f}x itself {_width(itself)}")
    return ", ".join(parts)


def _counted(turns: Turns, scenario: str) -> str:
    """Return how many rounds count, and of how many, as those with disturbed turns may not."""
    runs = _own_runs(turns, scenario)
    taken, rounds = (len({run.round for run in some}) for some in (runs, counting(runs)))
    return str(rounds) if rounds == taken else f"{rounds} of {taken} (the others were disturbed)"


def _own_runs(turns: Turns, scenario: str) -> list[Run]:
    """Return the runs of rounds in which all cells of the group took part.

    The cell measured twice takes part in the rounds of other groups, too.
    """
    cells = [cell.runs[scenario] for cell in turns.samples]
    shared = set.intersection(*({run.round for run in runs} for runs in cells))
    return [run for runs in cells for run in runs if run.round in shared]


def _width(ratio: Interval) -> str:
    return f"±{spread(ratio):.1%}" if ratio.low < ratio.high else "(as yet without interval)"


def _effect(turns: Turns, cells: Sequence[PlannedCell], pairs: Sequence[Pair]) -> Interval | None:
    """Return INT8 against FP32 at the highest ISA at which `pairs` have them, None if at none."""
    *first, again = (samples.runs["offline"] for samples in turns.samples)
    *names, repeated = ((cell.precision, cell.isa) for cell in cells)
    runs = dict(zip(names, first, strict=True))
    effects = [
        (int8, fp32)
        for int8, fp32 in pairs
        if (int8[0], fp32[0]) == (INT8, FP32) and int8 in runs and fp32 in runs
    ]
    if not effects:
        return None
    int8, fp32 = max(effects, key=lambda pair: rank(pair[0][1]))
    return speedup("offline", runs[int8], runs[fp32], [runs[repeated], again])


def _is_a_part(turns: Turns, budget: Budget) -> bool:
    """Return whether these rounds are of one of several groups, which has its part of the time."""
    return budget.seconds < turns.settings.time_budget


def _sure(turns: Turns, budget: Budget) -> str:
    which = "all figures of this group" if _is_a_part(turns, budget) else "all figures"
    return f"{which} are known closely enough"


def _spent(turns: Turns, known: dict[str, Sureness], budget: Budget) -> str:
    whole = f"--time-budget {turns.settings.time_budget:g}"
    part = f"this group's {budget.seconds:.0f} s of {whole}"
    alone = f"the time for it is spent ({whole})"
    text = f"{part} are spent" if _is_a_part(turns, budget) else alone
    return "".join([text, *(f", and {why}" for why in unsure_in_words(known))])


def _outcome(turns: Turns, known: dict[str, Sureness], budget: Budget) -> str:
    """Return how it ended, and how many turns were disturbed."""
    counted = {name: _counted(turns, name) for name in SCENARIOS}
    rounds = ", ".join(f"{it} {name.replace('_', '-')}" for name, it in counted.items())
    is_sure = all(sure.sure for sure in known.values())
    ending = _sure(turns, budget) if is_sure else _spent(turns, known, budget)
    runs = [run for name in SCENARIOS for run in _own_runs(turns, name)]
    disturbed = [run for run in runs if run.disturbed_by]
    also = f"; {len(disturbed)} of {len(runs)} turns were disturbed" if disturbed else ""
    if in_figures := len(counting(disturbed)):
        also += f", {in_figures} of them in the figures for want of quiet ones"
    return f"rounds: {rounds}; {ending}{also}"
