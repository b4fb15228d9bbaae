"""Whether a measurement has all the rounds that are asked for now, whatever it was asked for."""

from collections.abc import Collection

from stages.common.pairs import CellName, pairs_of
from stages.profile.sureness import sureness
from stages.profile.turns import SCENARIOS
from stages.records.measure import Run
from stages.records.profile import ProfileRecord
from stages.settings import Settings

# Settings that say how many rounds there are, and nothing of what a round is.
OF_ROUNDS = ("rounds", "precision_goal", "time_budget")


def settings_met(record: ProfileRecord, settings: Settings) -> Collection[str]:
    """Return the settings of rounds if the rounds that are there are enough for what they are now.

    A number of rounds is met by as many or more, and a goal by figures that are known as closely,
    however long that may take, or by those of a run that had as much time for the same goal.
    """
    if settings.rounds or settings.strict:
        is_met = _rounds(record) >= settings.fixed_rounds
    else:
        is_sure = all(_is_sure(record, scenario, settings) for scenario in SCENARIOS)
        is_met = is_sure or _had_as_long(record, settings)
    return OF_ROUNDS if is_met else ()


def _had_as_long(record: ProfileRecord, settings: Settings) -> bool:
    rounds, goal, budget = (record.maker.settings.get(name) for name in OF_ROUNDS)
    same = (rounds, goal) == (settings.rounds, settings.precision_goal)
    return same and isinstance(budget, int | float) and budget >= settings.time_budget


def _rounds(record: ProfileRecord) -> int:
    """Return how many rounds the cell with the fewest has."""
    runs = (_runs(record, scenario).values() for scenario in SCENARIOS)
    return min(len({run.round for run in cell_runs}) for it in runs for cell_runs in it)


def _is_sure(record: ProfileRecord, scenario: str, settings: Settings) -> bool:
    repeat, runs = record.repeat, _runs(record, scenario)
    repeated, again = (repeat.precision, repeat.isa), repeat.measurement.runs(scenario)
    pairs = pairs_of(_shown(record))
    return sureness(scenario, runs, repeated, again, pairs, settings.precision_goal).sure


def _shown(record: ProfileRecord) -> dict[CellName, CellName]:
    """Return the cells of the table, each with the cell that its figures are of."""
    return {
        (cell.precision, cell.requested_isa): (it.precision, it.requested_isa)
        for cell in record.cells
        if (it := record.measured_cell(cell)).measurement
    }


def _runs(record: ProfileRecord, scenario: str) -> dict[CellName, list[Run]]:
    return {
        (cell.precision, cell.requested_isa): cell.measurement.runs(scenario)
        for cell in record.cells
        if cell.measurement
    }
