"""How closely the figures of a profile are known by now, and so whether more turns are worth it.

Looking again and again, and ending at the first look that is close enough, makes the intervals a
little too narrow; docs/measuring.md says by how much.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stages.common.bounds import OF_ITSELF
from stages.common.pairs import CellName, Pair
from stages.common.stats import interval, link, round_figures, speedup, spread
from stages.profile.validity import MAX_SPREAD, is_itself
from stages.records.base import MIN_ROUNDS, Interval
from stages.records.measure import Run, counting

# How many times as wide as it may be an interval is taken to be at most: that takes for ever.
MAX_EXCESS = 1e6


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure the figures of a scenario are.

    `excess` is how many times as wide the widest interval is as it may be: sure at 1 or below.
    `itself` is the ratio of the repeated cell to itself; `rounds` is how many count.
    """

    scenario: str
    excess: float
    itself: Interval
    rounds: int

    @property
    def sure(self) -> bool:
        """Whether more rounds are not needed."""
        return self.close and not self.unlike_itself

    @property
    def close(self) -> bool:
        """Whether all intervals are narrow enough, over enough rounds."""
        return self.rounds >= MIN_ROUNDS and self.excess <= 1

    @property
    def unlike_itself(self) -> bool:
        """Whether enough rounds show that the repeated cell is not nearly as fast as itself."""
        return self.rounds >= MIN_ROUNDS and not is_itself(self.scenario, self.itself)

    @property
    def rounds_left(self) -> int:
        """About how many more rounds it takes, if they vary as those before.

        If the repeated cell is not as fast as itself, they need not be enough.
        """
        expected = self.rounds * min(max(1.0, self.excess), MAX_EXCESS) ** 2
        return 0 if self.sure else max(1, MIN_ROUNDS - self.rounds, round(expected) - self.rounds)


def sureness(
    scenario: str,
    runs: Mapping[CellName, Sequence[Run]],
    repeated: CellName,
    again: Sequence[Run],
    pairs: Sequence[Pair],
    goal: float,
) -> Sureness:
    """Return how sure the figures of a scenario are.

    `runs` are each cell's, `again` those of the `repeated` cell's second time. `goal` is half the
    width that the ratio of each of the `pairs` may have, as a fraction. If only one cell of a pair
    has `runs`, as the other is in another group, the link between that one and the repeated cell is
    judged instead, at half of the goal: over few rounds the widths of two links add up.
    """
    itself = speedup(scenario, again, runs[repeated])
    figures = [interval(round_figures(scenario, cell_runs)) for cell_runs in runs.values()]
    # The repeated cell may have taken part in others, too.
    rounds = min(len(counting(cell_runs)) for cell_runs in runs.values())
    excesses = [
        spread(itself) / OF_ITSELF[scenario],
        *(spread(figure) / MAX_SPREAD for figure in figures),
    ]
    if scenario == "offline":  # the table shows ratios of throughputs alone
        excesses += [
            *(width / goal for width in ratio_widths(runs, repeated, again, pairs).values()),
            *(width * 2 / goal for width in _link_widths(runs, repeated, again, pairs)),
        ]
    return Sureness(scenario, max(excesses), itself, rounds)


def unsure_in_words(known: Mapping[str, Sureness]) -> Iterator[str]:
    """Yield which scenarios' figures are not known closely enough, or can't be relied on."""
    names = {name: name.replace("_", "-") for name in known}
    if wide := [text for name, text in names.items() if not known[name].close]:
        yield f"{' and '.join(wide)} not known closely enough"
    if unlike := [text for name, text in names.items() if known[name].unlike_itself]:
        yield f"the cell measured twice is not as fast as itself {' and '.join(unlike)}"


def ratio_widths(
    runs: Mapping[CellName, Sequence[Run]],
    repeated: CellName,
    again: Sequence[Run],
    pairs: Sequence[Pair],
) -> dict[Pair, float]:
    """Return half the width of each pair's ratio of throughputs, as a fraction of it.

    Pairs that have a cell without `runs` are left out.
    """
    anchors = [runs[repeated], again]
    return {
        (one, other): spread(speedup("offline", runs[one], runs[other], anchors))
        for one, other in pairs
        if one in runs and other in runs
    }


def _link_widths(
    runs: Mapping[CellName, Sequence[Run]],
    repeated: CellName,
    again: Sequence[Run],
    pairs: Sequence[Pair],
) -> list[float]:
    """Return half the width of the link of each cell that is set against one of another group."""
    across = [pair for pair in pairs if len({*pair} & runs.keys()) == 1]
    cells = {cell for pair in across for cell in pair if cell in runs and cell != repeated}
    anchors = [runs[repeated], again]
    return [spread(link("offline", runs[cell], anchors)) for cell in cells]
