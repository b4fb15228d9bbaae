"""The pictures of FP32 against INT8: absolute, and as ratios."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stages.compare.cautions import models_caution
from stages.compare.models import Models, latency_ratio, ratio_in_words
from stages.compare.pictures.drawing import ERROR_BARS, SMALL, error_of, plain, save_with
from stages.precisions import get_precision
from stages.records.base import Interval


@dataclass(frozen=True, slots=True)
class _Bar:
    """A bar's height, NaN if it is undefined, and the interval around it; None if there is none."""

    height: float
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class _Panel:
    """A panel of a picture: the lines above it, how its figures are written, FP32 and INT8."""

    lines: Sequence[str]
    shape: str
    bars: Sequence[_Bar]


def plot_absolute(models: Models, path: Path, caption: str = "") -> None:
    """Draw accuracy, throughput and latency of FP32 and INT8 side by side, with their intervals."""
    fp32, int8 = models.summaries
    rates = [_timed(one.throughput, one.throughput_interval, models) for one in (fp32, int8)]
    latencies = [_timed(one.latency, one.latency_interval, models) for one in (fp32, int8)]
    faster = _against(ratio_in_words(int8.throughput_speedup, models))
    shorter = _against(latency_ratio(int8.latency_speedup, models))
    panels = [
        _Panel(
            ["top-1 accuracy (higher is better)", *_difference(models)], "{:.4f}", _top1(models)
        ),
        _Panel(["throughput, images/s (higher is better)", faster], "{:.2f}", rates),
        _Panel(["latency, ms (lower is better)", shorter], "{:.2f}", latencies),
    ]
    title = f"{_name(models)}, oneDNN capped at {models.isa}"
    save_with(_drawn(panels, title, models), path, models_caution(models.summaries), caption)


def plot_times(models: Models, path: Path, caption: str = "") -> None:
    """Draw the same as multiples of FP32's; latency as how many times shorter it is."""
    fp32, int8 = models.summaries
    accuracy = int8.accuracy / fp32.accuracy if fp32.accuracy else math.nan
    faster, shorter = (
        _times(one, models) for one in (int8.throughput_speedup, int8.latency_speedup)
    )
    lines = ["top-1 accuracy, times FP32's", *_difference(models)]
    panels = [
        _Panel(lines, "{:.2f}x", [_Bar(1.0), _Bar(accuracy)]),
        _Panel(["throughput, times FP32's"], "{:.2f}x", [_Bar(1.0), faster]),
        _Panel(["latency, times shorter"], "{:.2f}x", [_Bar(1.0), shorter]),
    ]
    title = f"{_name(models)}, INT8 against FP32, oneDNN capped at {models.isa}"
    figure = _drawn(panels, title, models, reference=1.0)
    save_with(figure, path, models_caution(models.summaries), caption)


def _top1(models: Models) -> list[_Bar]:
    pairs = zip(models.summaries, models.rows, strict=True)
    return [_Bar(summary.accuracy, row.accuracy_interval) for summary, row in pairs]


def _difference(models: Models) -> list[str]:
    return models.difference.replace(": ", ":\n").splitlines()


def _against(ratio: str) -> str:
    return f"INT8 against FP32: {ratio}" if ratio != "-" else ""


def _times(ratio: Interval | None, models: Models) -> _Bar:
    return _timed(ratio.estimate, ratio, models) if ratio else _Bar(math.nan)


def _timed(height: float, interval: Interval | None, models: Models) -> _Bar:
    return _Bar(height, None if models.once else interval)


def _name(models: Models) -> str:
    return plain(models.network) + (f" by {models.named}" if models.named else "")


def _drawn(
    panels: Sequence[_Panel], title: str, models: Models, reference: float | None = None
) -> Figure:
    figure = Figure(figsize=(12, 5), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(panels)), panels, strict=True):
        _bars(axes, models, panel)
        axes.set_title("\n".join(panel.lines), fontsize=11)
        if reference is not None:
            axes.axhline(reference, color="black", linewidth=0.8)
    figure.suptitle(title)
    return figure


def _bars(axes: Any, models: Models, panel: _Panel) -> None:
    precisions = [get_precision(summary.precision) for summary in models.summaries]
    drawn = axes.bar(
        [precision.label for precision in precisions],
        [0.0 if math.isnan(bar.height) else bar.height for bar in panel.bars],
        color=[precision.color for precision in precisions],
        width=0.6,
        yerr=[*zip(*(error_of(bar.interval) for bar in panel.bars), strict=True)],
        error_kw=ERROR_BARS,
    )
    axes.bar_label(
        drawn, labels=[_label(bar, panel.shape) for bar in panel.bars], padding=2, fontsize=SMALL
    )
    axes.margins(y=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _label(bar: _Bar, shape: str) -> str:
    figure = "undefined" if math.isnan(bar.height) else shape.format(bar.height)
    if bar.interval is None:
        return figure
    low, high = (shape.strip("x").format(end) for end in (bar.interval.low, bar.interval.high))
    return f"{figure}\n({low}-{high})"
