"""The picture of how latencies of single images are distributed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stages.common.figures import milliseconds
from stages.compare.distributions import MARKS, Distribution, distributions
from stages.compare.inputs import RuntimeProfile
from stages.compare.pictures.drawing import CAUTION_COLOR, SMALL, error_of, plain, save_with
from stages.precisions import get_precision

INCHES_PER_CELL = 0.52
BOX, STRIP = 0.26, 0.24
EXPLAINED = (
    "box: half of all queries; line: 5% to 95%; bar with caps: the median with its interval; "
    f"marks: the queries, or {MARKS} of them from the fastest to the slowest in even steps"
)


def plot_latency(
    profiles: Sequence[RuntimeProfile], path: Path, caution: str = "", caption: str = ""
) -> None:
    """Draw a row for each cell that was timed; its name is marked if its latency is INVALID."""
    cells = [cell for profile in profiles for cell in distributions(profile)]
    figure = Figure(figsize=(10, 2.3 + INCHES_PER_CELL * len(cells)), layout="constrained")
    axes = figure.subplots()
    for place, cell in enumerate(cells):
        _row(axes, cell, place)
    axes.set_yticks(range(len(cells)), [_name(cell, profiles) for cell in cells], fontsize=SMALL)
    for label, cell in zip(axes.get_yticklabels(), cells, strict=True):
        label.set_color(CAUTION_COLOR if cell.invalid else "black")
    axes.set_ylim(len(cells) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.set_xlabel("latency of one image at a time, ms (lower is better)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Latency of single images")
    save_with(figure, path, caution, f"{EXPLAINED}. {caption}" if caption else EXPLAINED)


def _name(cell: Distribution, profiles: Sequence[RuntimeProfile]) -> str:
    named = f"{cell.name}, {cell.runtime}" if len(profiles) > 1 else cell.name
    return plain(f"{named} (INVALID)" if cell.invalid else named)


def _row(axes: Any, cell: Distribution, place: int) -> None:
    color = get_precision(cell.precision).color
    if cell.quantiles:
        low, first, _, third, high = cell.quantiles
        axes.plot([low, high], [place, place], color=color, linewidth=1.5)
        axes.barh(place, third - first, BOX, left=first, color=color, alpha=0.75)
    marks = {"marker": "|", "linestyle": "none", "markersize": 5, "alpha": 0.9}
    axes.plot(cell.marks, [place + STRIP] * len(cell.marks), color=color, **marks)
    error = [[end] for end in error_of(cell.median)]
    style = {"fmt": "|", "markersize": 14, "capsize": 4, "elinewidth": 1.5, "color": "black"}
    axes.errorbar(cell.median.estimate, place, xerr=error, **style)
    text = milliseconds(cell.median.estimate)
    offset = {"xytext": (0, 9), "textcoords": "offset points", "ha": "center", "fontsize": SMALL}
    axes.annotate(text, (cell.median.estimate, place), **offset)
