"""How much longer than by the defaults profile takes, by the settings of its rounds alone."""

from math import inf

from stages.forecast.cells import timed_cells
from stages.profile.loadgen_settings import has_fixed_rounds, rules_of
from stages.profile.turns import SCENARIOS
from stages.settings import Settings


def least_s(settings: Settings) -> float:
    """Return the seconds that the rounds take at least: those asked for, or else the first one.

    A turn of each cell, and of the one measured twice, in each scenario is as long as is asked for.
    """
    rounds = settings.fixed_rounds if has_fixed_rounds(settings) else 1
    cells = len(timed_cells(settings)) + 1
    return rounds * len(SCENARIOS) * cells * rules_of(settings).duration_s


def spare_s(settings: Settings, by_default_s: float) -> float:
    """Return by how many seconds it may take longer: infinite if no more than the least is known.

    `by_default_s` is what it takes by the defaults. Rounds that go on until the figures are known
    closely enough take no more time than they are given, unless the first takes more.
    """
    if least_s(settings) > by_default_s:
        return inf
    given = 0.0 if has_fixed_rounds(settings) else settings.time_budget - Settings().time_budget
    return max(0.0, given)
