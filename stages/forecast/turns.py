"""How much longer than by the defaults profile takes, by the settings of its rounds alone."""

from math import inf

from stages.forecast.cells import timed_cells
from stages.profile.loadgen_settings import has_fixed_rounds, rules_of
from stages.profile.turns import SCENARIOS
from stages.settings import Settings


def least_s(settings: Settings) -> float:
    """Return the seconds that a fixed number of rounds takes at least, 0 if none is asked for.

    A turn of each cell, and of the one measured twice, in each scenario is as long as is asked for.
    """
    if not has_fixed_rounds(settings):
        return 0.0
    cells = len(timed_cells(settings)) + 1
    return settings.fixed_rounds * len(SCENARIOS) * cells * rules_of(settings).duration_s


def spare_s(settings: Settings, by_default_s: float) -> float:
    """Return by how many seconds it may take longer: infinite if no more than the least is known.

    `by_default_s` is what it takes by the defaults. Rounds that go on until the figures are known
    closely enough take no more time than they are given.
    """
    if has_fixed_rounds(settings):
        return inf if least_s(settings) > by_default_s else 0.0
    return max(0.0, settings.time_budget - Settings().time_budget)
