"""The picture of the time that each layer takes, FP32 against INT8."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from stages.compare.layers import Layer, Layers, Side
from stages.compare.pictures.drawing import SMALL, plain, save_with
from stages.precisions import FP32, INT8, get_precision

INCHES_PER_LAYER = 0.3
MAX_LAYERS = 120
HEIGHT = 0.4
NO_INTERVAL = "each layer as fast as in any of the inferences traced: no interval"


def plot_layers(found: Sequence[Layers], path: Path, caution: str = "", caption: str = "") -> None:
    """Draw milliseconds of a batch for each layer, FP32 above INT8; a panel for each runtime."""
    rows = max(len(_drawn(it)) for it in found)
    size = (10, 2.2 + rows * INCHES_PER_LAYER)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, own in zip(panels, found, strict=True):
        _panel(axes, own, named=len(found) > 1)
    figure.suptitle(f"Time per layer of one batch, oneDNN capped at {found[0].isa}")
    text = f"{NO_INTERVAL}. {caption}" if caption else NO_INTERVAL
    save_with(figure, path, caution, text)


def _drawn(found: Layers) -> Sequence[Layer]:
    return found.layers[:MAX_LAYERS]


def _panel(axes: Any, found: Layers, *, named: bool) -> None:
    layers = _drawn(found)
    places = np.arange(len(layers))
    for shift, precision in ((-HEIGHT / 2, FP32), (HEIGHT / 2, INT8)):
        shown = get_precision(precision)
        sides = [layer.fp32 if precision == FP32 else layer.int8 for layer in layers]
        heights = [side.milliseconds if side else 0.0 for side in sides]
        axes.barh(places + shift, heights, HEIGHT, color=shown.color, label=shown.label)
    for place, layer in enumerate(layers):
        end = max(_time(layer.fp32), _time(layer.int8))
        text = f" {layer.times:.1f}x" if layer.times and layer.operations else ""
        axes.text(end, place, text, va="center", fontsize=SMALL)
    axes.set_yticks(places, [plain(layer.name) for layer in layers], fontsize=SMALL)
    axes.set_ylim(len(layers) - 0.4, -0.6)
    axes.set_xlabel("ms of a batch (lower is better); at the bars: how many times as fast INT8 is")
    if named:
        axes.set_title(plain(found.runtime), fontsize=11)
    axes.margins(x=0.1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")


def _time(side: Side | None) -> float:
    return side.milliseconds if side else 0.0
