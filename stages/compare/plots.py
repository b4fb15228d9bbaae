"""The picture of the precision by isa matrix, and how all pictures are made."""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from stages.common.text import network_of
from stages.compare.cautions import had_one_round, is_invalid, run_caution
from stages.isa import ISA_NAMES
from stages.precisions import PRECISION_NAMES, get_precision
from stages.program.printable import printable
from stages.records.base import Interval
from stages.records.compare import CompareRecord, Row
from stages.records.cpu_generations import full_name

mpl.use("Agg")

EMULATED_HATCH = "//"
MAX_NAME = 100
ERROR_BARS = {"elinewidth": 0.8, "ecolor": "#333333"}
CAUTION_COLOR = "#b22222"
# At the size of a caution; a longer one takes several lines.
CHARACTERS_PER_INCH = 11
# No time of day goes into the file, so that equal figures give equal bytes.
METADATA = {"Software": None, "Creation Time": None}


def save_with(figure: Figure, path: Path, caution: str) -> None:
    """Write a figure with a caution below it, if there is any."""
    if caution:
        width = int(figure.get_figwidth() * CHARACTERS_PER_INCH)
        figure.supxlabel(textwrap.fill(caution, width), color=CAUTION_COLOR, fontsize=11)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure; equal ones give equal bytes."""
    figure.savefig(path, dpi=120, metadata=METADATA)


def plain(text: str) -> str:
    """Return a stranger's text as a title may have it: no formula, no character without a glyph."""
    ascii_only = printable(text, MAX_NAME).encode("ascii", errors="backslashreplace").decode()
    return ascii_only.replace("$", r"\$")


def error_of(interval: Interval | None) -> tuple[float, float]:
    """Return how far an interval reaches below and above its estimate; 0 without one."""
    if interval is None:
        return 0.0, 0.0
    below, above = interval.estimate - interval.low, interval.high - interval.estimate
    return max(0.0, below), max(0.0, above)


def plot_ladder(record: CompareRecord, path: Path) -> None:
    """Draw the throughput of every measured cell, grouped by isa; emulated cells are hatched.

    A bar is marked INVALID if its throughput is. Each runtime has a panel of its own, all to the
    same scale.
    """
    runtimes = list(record.versions)
    isas = [isa for isa in ISA_NAMES if any(row.isa == isa for row in record.rows)]
    size = (max(7.0, 2.2 * len(isas) + 2), 0.8 + 3.7 * len(runtimes))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(runtimes), sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, runtime in zip(panels, runtimes, strict=True):
        _panel(axes, record, runtime, isas)
        if len(runtimes) > 1:
            axes.set_title(runtime, fontsize=11, fontweight="bold")
    panels[-1].set_xlabel("oneDNN capped at")
    _legend(panels[0], _precisions(record), any(row.verdict == "emulated" for row in record.rows))
    cpu = plain(full_name(record.host.cpu_model, record.host.cpu_id))
    network = plain(network_of(record.backbone))
    title = f"{network} on {cpu}, {len(record.host.cores_pinned)} cores"
    (figure.suptitle if len(runtimes) > 1 else panels[0].set_title)(title)
    save_with(figure, path, run_caution(record))


def _panel(axes: Any, record: CompareRecord, runtime: str, isas: list[str]) -> None:
    precisions = _precisions(record)
    width = 0.8 / len(precisions)
    once = had_one_round(record, runtime)
    for row in record.rows:
        if row.runtime == runtime:
            shift = (precisions.index(row.precision) - (len(precisions) - 1) / 2) * width
            _ladder_bar(axes, row, isas.index(row.isa) + shift, width, once=once)
    axes.set_xticks(range(len(isas)), isas, fontsize=9)
    axes.set_ylabel("offline throughput, images/s")
    axes.margins(y=0.12)
    axes.spines[["top", "right"]].set_visible(False)


def _precisions(record: CompareRecord) -> list[str]:
    return [name for name in PRECISION_NAMES if any(row.precision == name for row in record.rows)]


def _ladder_bar(axes: Any, row: Row, position: float, width: float, *, once: bool) -> None:
    hatch = EMULATED_HATCH if row.verdict == "emulated" else None
    rate = row.throughput_images_per_s
    bar = axes.bar(
        position,
        rate.estimate,
        width * 0.92,
        yerr=None if once else [[end] for end in error_of(rate)],
        error_kw=ERROR_BARS,
        color=get_precision(row.precision).color,
        hatch=hatch,
        edgecolor="white",
    )
    axes.bar_label(bar, labels=[f"{rate.estimate:.1f}"], padding=2, fontsize=8)
    if is_invalid(row, "offline"):
        axes.bar_label(bar, labels=["INVALID"], padding=12, fontsize=7, color=CAUTION_COLOR)


def _legend(axes: Any, precisions: list[str], emulated: bool) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(color=get_precision(name).color, label=get_precision(name).label)
        for name in precisions
    ]
    if emulated:
        label = "emulated (no instructions)"
        handles.append(Patch(facecolor="lightgray", hatch=EMULATED_HATCH, label=label))
    axes.legend(handles=handles, frameon=False, loc="upper left")
