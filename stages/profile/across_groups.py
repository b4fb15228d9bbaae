"""How closely figures are known when all groups of cells have had their rounds."""

from collections.abc import Mapping, Sequence

from stages.common.figures import percent, percent_beside
from stages.common.pairs import CellName, Pair
from stages.profile.plan import PlannedCell
from stages.profile.sureness import ratio_widths, sureness, unsure_in_words
from stages.profile.turns import SCENARIOS, CellSamples


def outcome(
    samples: Mapping[PlannedCell, CellSamples],
    repeated: PlannedCell,
    again: CellSamples,
    pairs: Sequence[Pair],
    goal: float,
) -> str:
    """Return whether all figures are known closely enough; if not, which, and how to go on.

    `samples` are those of all cells, `again` those of the `repeated` one's second time. `goal` is
    half the width that the ratio of each of the `pairs` may have, as a fraction.
    """
    twice = _name(repeated)
    runs = {name: {_name(it): own.runs[name] for it, own in samples.items()} for name in SCENARIOS}
    known = {
        name: sureness(name, runs[name], twice, again.runs[name], pairs, goal) for name in SCENARIOS
    }
    if all(it.sure for it in known.values()):
        return "all groups together: all figures are known closely enough, and all ratios"
    widths = ratio_widths(runs["offline"], twice, again.runs["offline"], pairs)
    wide = [
        f"{_over(pair)} ±{percent_beside(width, goal, digits=1)}"
        for pair, width in widths.items()
        if width > goal
    ]
    ratios = [f"not to ±{percent(goal)}: {', '.join(wide)}"] if wide else []
    more = [] if all(it.close for it in known.values()) else ["--more adds rounds"]
    text = "; ".join([", and ".join(unsure_in_words(known)), *ratios, *more])
    return f"all groups together: {text}"


def _name(cell: PlannedCell) -> CellName:
    return cell.precision, cell.isa


def _over(pair: Pair) -> str:
    return " over ".join(" ".join(cell) for cell in pair)
