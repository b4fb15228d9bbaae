"""Whether a profile has all its rounds, as far as a record shows it: their numbers have no gap.

Where memory does not hold all cells at once, each group of them has rounds of its own, one group
after the other, and the cell that is measured twice takes part in all. Rounds that are added later
may be of other groups.
"""

from collections.abc import Collection, Sequence
from itertools import chain, pairwise

from stages.records.cell import Measurement
from stages.records.measure import Run, counting
from stages.records.problems import Problems
from stages.records.profile import ProfileRecord

SCENARIOS = ("offline", "single_stream")


def unlike_rounds(record: ProfileRecord) -> Problems:
    """Yield what is wrong with the rounds of a profile's cells, and of the layouts tried."""
    for scenario in SCENARIOS:
        for measurement in (*_figures(record), record.repeat.measurement):
            if not _are_of(measurement.runs(scenario), record.repeat.measurement.runs(scenario)):
                yield "the cells' figures are not of the same rounds"
        yield from (f"{scenario}: {problem}" for problem in _incomplete(record, scenario))
    tried = [_numbers(trial.runs) for trial in record.tried]
    if any(numbers != _first(len(tried[0])) for numbers in tried):
        yield "rounds of a layout that was tried are missing"


def _figures(record: ProfileRecord) -> list[Measurement]:
    return [cell.measurement for cell in record.cells if cell.measurement]


def _are_of(runs: Sequence[Run], everything: Sequence[Run]) -> bool:
    """Return whether turns that count are of rounds that the cell measured twice took part in."""
    rounds = [run.round for run in counting(runs)]
    shared = {run.round for run in counting(everything)}
    return bool(rounds) and len({*rounds}) == len(rounds) and {*rounds} <= shared


def _incomplete(record: ProfileRecord, scenario: str) -> Problems:
    everything = _numbers(record.repeat.measurement.runs(scenario))
    twice = _numbers(record.anchor(scenario))
    if not everything == twice == _first(len(everything)):
        yield "rounds of the cell that was measured twice are missing"
        return
    cells = _of_others(record, scenario) or {tuple(everything)}
    if not _is_complete(cells, everything, len(record.added_to)):
        yield "rounds of a cell are missing"
    asked = record.maker.settings.get("rounds") or 0
    # If rounds were added, it is how many they were.
    there = [everything] if record.added_to else cells
    if isinstance(asked, int) and any(len(numbers) < asked for numbers in there):
        yield f"there are fewer than the {asked} rounds that were asked for"


def _of_others(record: ProfileRecord, scenario: str) -> set[tuple[int, ...]]:
    """Return the rounds of the cells but of the one that was measured twice, by group."""
    twice = (record.repeat.precision, record.repeat.isa)
    return {
        tuple(_numbers(cell.measurement.runs(scenario)))
        for cell in record.cells
        if cell.measurement and (cell.precision, cell.requested_isa) != twice
    }


def _is_complete(
    groups: Collection[tuple[int, ...]], everything: Sequence[int], added: int
) -> bool:
    """Return whether the rounds of groups are all there are, and those of each have no gap.

    A group that has rounds of several parts may have one between each.
    """
    if not added:
        return [*chain(*sorted(groups))] == [*everything]
    return {*chain(*groups)} == {*everything} and max(map(_blocks, groups)) <= added + 1


def _numbers(runs: Sequence[Run]) -> list[int]:
    """Return the numbers of the rounds of all turns, those that don't count among them."""
    return sorted({run.round for run in runs})


def _first(count: int) -> list[int]:
    return [*range(1, count + 1)]


def _blocks(numbers: Sequence[int]) -> int:
    """Return how many blocks numbers in order fall into, with no gap within."""
    return 1 + sum(after - before > 1 for before, after in pairwise(numbers))
