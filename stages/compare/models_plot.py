"""The pictures of FP32 against INT8: absolute, and as ratios."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stages.common.figures import end_of_ratio, multiple, quantity
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
    """A panel of a picture: the lines above it, how its figures are written, FP32 and INT8.

    `unit` stands behind a figure; `end` is how an end of an interval is written, if otherwise. Its
    axis ends at `most`, beyond which nothing can be; 0: wherever there is room.
    """

    lines: Sequence[str]
    written: Callable[[float], str]
    bars: Sequence[_Bar]
    unit: str = ""
    end: Callable[[float], str] | None = None
    most: float = 0.0


def plot_absolute(models: Models, path: Path, caption: str = "") -> None:
    """Draw accuracy, throughput and latency of FP32 and INT8 side by side, with their intervals."""
    fp32, int8 = models.summaries
    rates = [_timed(one.throughput, one.throughput_interval, models) for one in (fp32, int8)]
    latencies = [_timed(one.latency, one.latency_interval, models) for one in (fp32, int8)]
    faster = _against(ratio_in_words(int8.throughput_speedup, models))
    shorter = _against(latency_ratio(int8.latency_speedup, models))
    panels = [
        _Panel(
            ["top-1 accuracy (higher is better)", *_difference(models)],
            "{:.4f}".format,
            _top1(models),
            most=1.0,
        ),
        _Panel(["throughput, images/s (higher is better)", faster], quantity, rates),
        _Panel(["latency, ms (lower is better)", shorter], quantity, latencies),
    ]
    title = f"{_name(models)}, oneDNN capped at {models.isa}"
    save_with(
        _drawn(panels, title, models),
        path,
        models_caution(models.summaries),
        _of_top1(models, caption),
    )


def plot_times(models: Models, path: Path, caption: str = "") -> None:
    """Draw the same as multiples of FP32's; latency as how many times shorter it is."""
    int8 = models.summaries[1]
    faster, shorter = (
        _times(one, models) for one in (int8.throughput_speedup, int8.latency_speedup)
    )
    lines = ["top-1 accuracy, times FP32's", *_difference(models)]
    panels = [
        _times_panel(lines, _top1_times(models)),
        _times_panel(["throughput, times FP32's"], faster),
        _times_panel(["latency, times shorter"], shorter),
    ]
    title = f"{_name(models)}, INT8 against FP32, oneDNN capped at {models.isa}"
    save_with(
        _drawn(panels, title, models, reference=1.0),
        path,
        models_caution(models.summaries),
        _of_top1(models, caption, "95% interval by exact ones"),
    )


def _times_panel(lines: Sequence[str], int8: _Bar) -> _Panel:
    """Return the panel of INT8 as a multiple of FP32."""
    return _Panel(lines, multiple, [_Bar(1.0), int8], unit="x", end=end_of_ratio)


def _top1(models: Models) -> list[_Bar]:
    pairs = zip(models.summaries, models.rows, strict=True)
    return [_Bar(summary.accuracy, row.accuracy_interval) for summary, row in pairs]


def _top1_times(models: Models) -> _Bar:
    """Return INT8's top-1 as a multiple of FP32's, with the interval that its loss has."""
    fp32, int8 = models.summaries
    if not fp32.accuracy:
        return _Bar(math.nan)
    times, lost = int8.accuracy / fp32.accuracy, models.rows[1].accuracy_loss_interval
    if lost is None:
        return _Bar(times)
    return _Bar(times, Interval(estimate=times, low=1 - lost.high, high=1 - lost.low))


def _of_top1(models: Models, caption: str, what: str = "exact 95% intervals") -> str:
    """Return a caption with what the intervals of top-1 are."""
    found = models.rows[1].accuracy_difference
    exact = f"top-1: {what} (Clopper-Pearson) over {found.images} images" if found else ""
    return "; ".join(filter(None, [caption, exact]))


def _difference(models: Models) -> list[str]:
    return models.difference.replace(": ", ":\n").replace("; ", ";\n").splitlines()


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
    drawn = Figure(figsize=(12, 5), layout="constrained")
    for axes, panel in zip(drawn.subplots(1, len(panels)), panels, strict=True):
        _bars(axes, models, panel)
        axes.set_title("\n".join(panel.lines), fontsize=11)
        if reference is not None:
            axes.axhline(reference, color="black", linewidth=0.8)
    drawn.suptitle(title)
    return drawn


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
        drawn, labels=[_label(bar, panel) for bar in panel.bars], padding=2, fontsize=SMALL
    )
    axes.margins(y=0.25)
    if panel.most:
        axes.set_ylim(0, 1.25 * panel.most)
        axes.set_yticks([tick for tick in axes.get_yticks() if tick <= panel.most])
        axes.spines["left"].set_bounds(0, panel.most)
    axes.spines[["top", "right"]].set_visible(False)


def _label(bar: _Bar, panel: _Panel) -> str:
    if math.isnan(bar.height):
        return "undefined"
    height = f"{panel.written(bar.height)}{panel.unit}"
    if bar.interval is None:
        return height
    written = panel.end or panel.written
    low, high = (written(end) for end in (bar.interval.low, bar.interval.high))
    return f"{height}\n({low}-{high})"
