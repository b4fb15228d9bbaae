"""The picture of the precision by isa matrix."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stages.common.figures import counted, three_digits
from stages.common.headline import is_invalid
from stages.common.text import network_of
from stages.compare.cautions import had_one_round, is_derived, run_caution
from stages.compare.pictures.drawing import (
    CAUTION_COLOR,
    ERROR_BARS,
    SMALL,
    error_of,
    plain,
    save_with,
)
from stages.isa import ISA_NAMES
from stages.precisions import PRECISION_NAMES, get_precision
from stages.records.compare import CompareRecord, Row
from stages.records.cpu_generations import full_name

EMULATED_HATCH = "//"


def plot_ladder(record: CompareRecord, path: Path, caption: str = "") -> None:
    """Draw the throughput of every measured cell, grouped by isa; emulated cells are hatched.

    A bar is marked INVALID if its throughput is, and dashed and empty if its figure is that of the
    same kernels at a lower cap. Each runtime has a panel of its own, all to the same scale.
    """
    runtimes = list(record.versions)
    isas = [isa for isa in ISA_NAMES if any(row.isa == isa for row in record.rows)]
    size = (max(8.0, 2.2 * len(isas) + 2), 1.4 + 3.7 * len(runtimes))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(runtimes), sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, runtime in zip(panels, runtimes, strict=True):
        _panel(axes, record, runtime, isas)
        if len(runtimes) > 1:
            axes.set_title(runtime, fontsize=11, fontweight="bold")
    panels[-1].set_xlabel("oneDNN capped at")
    _legend(panels[0], record)
    cpu = plain(full_name(record.host.cpu_model, record.host.cpu_id))
    network = plain(network_of(record.backbone))
    title = f"{network} on {cpu}, {counted(len(record.host.cores_pinned), 'core')}"
    (figure.suptitle if len(runtimes) > 1 else panels[0].set_title)(title)
    save_with(figure, path, run_caution(record), caption)


def _panel(axes: Any, record: CompareRecord, runtime: str, isas: list[str]) -> None:
    precisions = _precisions(record)
    width = 0.8 / len(precisions)
    once = had_one_round(record, runtime)
    for row in record.rows:
        if row.runtime == runtime:
            shift = (precisions.index(row.precision) - (len(precisions) - 1) / 2) * width
            _ladder_bar(axes, row, isas.index(row.isa) + shift, width, once=once)
    axes.set_xticks(range(len(isas)), isas, fontsize=SMALL)
    axes.set_ylabel("offline throughput, images/s")
    axes.margins(y=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _precisions(record: CompareRecord) -> list[str]:
    return [name for name in PRECISION_NAMES if any(row.precision == name for row in record.rows)]


def _ladder_bar(axes: Any, row: Row, position: float, width: float, *, once: bool) -> None:
    rate, color = row.throughput_images_per_s, get_precision(row.precision).color
    bar = axes.bar(
        position,
        rate.estimate,
        width * 0.88,
        yerr=None if once else [[end] for end in error_of(rate)],
        error_kw=ERROR_BARS,
        color="none" if is_derived(row) else color,
        hatch=EMULATED_HATCH if row.verdict == "emulated" else None,
        edgecolor=color if is_derived(row) else "white",
        linestyle="--" if is_derived(row) else "-",
    )
    axes.bar_label(bar, labels=[three_digits(rate.estimate)], padding=2, fontsize=SMALL)
    if is_invalid(row.reasons, "offline"):
        style = {"fontsize": 8, "color": CAUTION_COLOR, "rotation": 90}
        axes.bar_label(bar, labels=["INVALID"], padding=16, **style)


def _legend(axes: Any, record: CompareRecord) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(color=get_precision(name).color, label=get_precision(name).label)
        for name in _precisions(record)
    ]
    if any(row.verdict == "emulated" for row in record.rows):
        label = "emulated (no instructions)"
        handles.append(Patch(facecolor="lightgray", hatch=EMULATED_HATCH, label=label))
    if any(map(is_derived, record.rows)):
        style = {"facecolor": "none", "edgecolor": "#777777", "linestyle": "--"}
        handles.append(Patch(**style, label="same kernels as at a lower cap, not timed again"))
    axes.legend(handles=handles, frameon=False, loc="upper left", fontsize=SMALL)
