"""How closely figures are known when all groups of cells have had their rounds."""

from collections.abc import Mapping, Sequence

from stages.common.figures import percent_beside
from stages.common.pairs import CellName, Pair
from stages.profile.plan import PlannedCell
from stages.profile.sureness import ratio_widths, sureness
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
    unsure = [
        name.replace("_", "-")
        for name in SCENARIOS
        if not sureness(name, runs[name], twice, again.runs[name], pairs, goal).sure
    ]
    if not unsure:
        return "all groups together: all figures are known closely enough, and all ratios"
    widths = ratio_widths(runs["offline"], twice, again.runs["offline"], pairs)
    wide = [
        f"{_over(pair)} ±{percent_beside(width, goal, digits=1)}"
        for pair, width in widths.items()
        if width > goal
    ]
    ratios = [f"not to ±{100 * goal:.3g}%: {', '.join(wide)}"] if wide else []
    text = "; ".join([f"{' and '.join(unsure)} not known closely enough", *ratios])
    return f"all groups together: {text}; --more adds rounds"


def _name(cell: PlannedCell) -> CellName:
    return cell.precision, cell.isa


def _over(pair: Pair) -> str:
    return " over ".join(" ".join(cell) for cell in pair)
