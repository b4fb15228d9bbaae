"""The picture of a rehearsal: which layers run on AMX, and the most that it could gain."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stages.common.rehearsed import layer_names
from stages.compare.plots import plain, save
from stages.isa import AMX
from stages.precisions import get_precision
from stages.records.rehearse import REHEARSED, RehearsedCell

OFF_AMX = "#999999"
IN_THEORY = 8
MAX_NAME, INCHES_PER_LETTER = 40, 0.062
PANEL_INCHES = 3.0
BOUND = "bound of AMX over vectors at full rate, by counted instructions"


def plot_rehearsal(cells: Sequence[RehearsedCell], path: Path) -> None:
    """Draw the bound of each layer of each cell, a panel for each; layers off AMX are grey.

    Nothing in it was timed, and its title says so.
    """
    labels = [_labels(cell, cells[0]) for cell in cells]
    names = sum(max(map(len, own)) for own in labels) * INCHES_PER_LETTER
    most = max(len(cell.layers) for cell in cells)
    size = (PANEL_INCHES * len(cells) + names, 1.8 + 0.2 * most)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(cells), squeeze=False)[0]
    for axes, cell, own in zip(panels, cells, labels, strict=True):
        _panel(axes, cell, own)
    figure.suptitle(f"{AMX}, {REHEARSED}", fontweight="bold")
    figure.supxlabel(BOUND, fontsize=10)
    save(figure, path)


def _labels(cell: RehearsedCell, first: RehearsedCell) -> list[str]:
    """Return the names of a cell's layers, none of them if the first cell shows the same."""
    names = layer_names(cell.layers)
    if cell is not first and names == layer_names(first.layers):
        return [""] * len(names)
    return [plain(name[-MAX_NAME:]) for name in names]


def _panel(axes: Any, cell: RehearsedCell, names: Sequence[str]) -> None:
    places = range(len(names))
    precision = get_precision(cell.precision)
    bars = axes.barh(
        places,
        # Off AMX, the same runs on both sides.
        [layer.bound or 1 for layer in cell.layers],
        color=[precision.color if layer.on_amx else OFF_AMX for layer in cell.layers],
        height=0.75,
    )
    words = [f"{layer.bound:.1f}" if layer.bound else "off AMX" for layer in cell.layers]
    white = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    axes.bar_label(bars, labels=words, padding=2, fontsize=7, bbox=white)
    axes.axvline(IN_THEORY, color="black", linewidth=0.8, linestyle=":", zorder=0)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(places, names, fontsize=7)
    axes.set_xlim(0, IN_THEORY * 1.2)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xticks([1, 2, 4, 8], ["1x", "2x", "4x", "8x in\ntheory"], fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    whole = f", in all {cell.bound:.2f}x" if cell.bound else ""
    axes.set_title(f"{precision.label} by {cell.runtime}{whole}", fontsize=9)
