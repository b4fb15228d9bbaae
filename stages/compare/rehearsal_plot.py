"""The picture of a rehearsal: which layers run on AMX, and the most that it could gain."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from matplotlib.figure import Figure

from stages.common.rehearsed import layer_names
from stages.common.text import origins
from stages.compare.pictures.drawing import plain, save
from stages.isa import AMX
from stages.precisions import get_precision
from stages.records.rehearse import REHEARSED, RehearsalRecord, RehearsedCell, RehearsedLayer

T = TypeVar("T")

OFF_AMX = "#999999"
IN_THEORY = 8
IN_A_ROW = 2
# With more, a picture would be too high for anyone to look at.
MAX_LAYERS = 200
MAX_NAME, INCHES_PER_LETTER = 40, 0.062
# Wide enough for the titles, which say what this is.
PANEL_INCHES, MIN_INCHES = 3.0, 7.5
TICKS = {1: "1x", 2: "2x", 4: "4x", IN_THEORY: "8x in\ntheory"}
BOUND = "bound, no measurement: AMX over vectors at full rate, by counted instructions"


def plot_rehearsal(record: RehearsalRecord, path: Path) -> None:
    """Draw the bound of each layer of each cell, a panel for each; layers off AMX are grey.

    Nothing in it was timed, and its titles say so.
    """
    cells = record.cells
    columns = min(IN_A_ROW, len(cells))
    lines = -(-len(cells) // columns)
    labels = [_labels(cell) for cell in cells]
    names = columns * max(len(name) for own in labels for name in own) * INCHES_PER_LETTER
    height = 1.6 + lines * (0.8 + 0.2 * max(map(len, labels)))
    size = (max(MIN_INCHES, PANEL_INCHES * columns + names), height)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).flat
    for axes, cell, own in zip(panels, cells, labels, strict=False):
        _panel(axes, cell, own)
    for axes in panels:  # the places that are left
        axes.set_visible(False)
    figure.suptitle(f"{AMX}, {REHEARSED}\n{_what(record)}", fontsize=11)
    figure.supxlabel(BOUND, fontsize=10)
    save(figure, path)


def _labels(cell: RehearsedCell) -> list[str]:
    return [_shortened(plain(name)) for name in _drawn(layer_names(cell.layers))]


def _what(record: RehearsalRecord) -> str:
    _, model, _ = origins(record.host, record.backbone, record.data)
    emulator = f"amxemu {record.emulator.version}"
    return plain(f"{' '.join(model.split()[1:])}, batches of {record.batch_size}, {emulator}")


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"...{name[3 - MAX_NAME :]}"


def _panel(axes: Any, cell: RehearsedCell, names: Sequence[str]) -> None:
    precision, layers = get_precision(cell.precision), _drawn(cell.layers)
    axes.axvline(IN_THEORY, color="black", linewidth=0.8, linestyle=":", zorder=0)
    bars = axes.barh(
        range(len(names)),
        # Off AMX, the same runs on both sides.
        [(layer.bound or 0) if layer.on_amx else 1 for layer in layers],
        color=[precision.color if layer.on_amx else OFF_AMX for layer in layers],
        height=0.75,
    )
    words = [_word(layer) for layer in layers]
    white = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    axes.bar_label(bars, labels=words, padding=2, fontsize=7, bbox=white)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xlim(0, max(IN_THEORY, *(layer.bound or 0 for layer in layers)) * 1.2)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xticks([*TICKS], [*TICKS.values()], fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    whole = f", bound in all {cell.bound:.2f}x" if cell.bound else ""
    left_out = len(cell.layers) - len(layers)
    more = f", {left_out} more layers not drawn" if left_out else ""
    axes.set_title(f"{precision.label} by {cell.runtime}{whole}{more}", fontsize=9)


def _drawn(layers: Sequence[T]) -> Sequence[T]:
    return layers[:MAX_LAYERS]


def _word(layer: RehearsedLayer) -> str:
    if not layer.on_amx:
        return "off AMX"
    return "bound not known" if layer.bound is None else f"{layer.bound:.1f}"
