"""How all pictures are made: each as PNG and as SVG, with what it is of below it."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from stages.common.figures import counted
from stages.common.text import intervals_over, when_all
from stages.compare.inputs import RuntimeProfile
from stages.program.printable import printable
from stages.records.base import Interval
from stages.records.cpu_generations import full_name
from stages.records.measure import counting

mpl.use("Agg")

MAX_NAME = 100
ERROR_BARS = {"elinewidth": 1.2, "ecolor": "#333333", "capsize": 3}
CAUTION_COLOR, CAPTION_COLOR = "#b22222", "#666666"
# At half its size, the smallest letter is still read.
DPI = 150
SMALL = 10
# A longer line takes several.
CHARACTERS_PER_INCH = 11
LINE_INCHES, GAP_INCHES = 0.18, 0.06
# No time of day goes into the file, so that equal figures give equal bytes.
METADATA = {"Software": None, "Creation Time": None}
SVG_METADATA = {"Creator": None, "Date": None}


def caption_of(
    profiles: Sequence[RuntimeProfile], *scenarios: str, with_intervals: bool = True
) -> str:
    """Return what a picture is of: machine, time, how each of `scenarios` asks, and intervals.

    All `profiles` are of one machine, and the picture shows figures of each.
    """
    host = profiles[0].record.host
    machine = f"{full_name(host.cpu_model, host.cpu_id)}, {counted(len(host.cores_pinned), 'core')}"
    asked = [_asked(profiles, scenario, with_intervals) for scenario in scenarios]
    return plain("; ".join([machine, f"measured {_when(profiles)}", *asked]), 5 * MAX_NAME)


def _when(profiles: Sequence[RuntimeProfile]) -> str:
    """Return when they were measured: each by its runtime, if there are several."""
    named = (f"{when_all(it.record.parts)} ({it.runtime})" for it in profiles)
    return ", ".join(named) if len(profiles) > 1 else when_all(profiles[0].record.parts)


def _asked(profiles: Sequence[RuntimeProfile], scenario: str, with_intervals: bool) -> str:
    cells = (cell for it in profiles for cell in it.record.cells)
    measured = [cell.measurement for cell in cells if cell.measurement]
    batches = sorted({it.offline.batch_size for it in measured})
    offline = f"offline in batches of {', '.join(map(str, batches))}"
    how = offline if scenario == "offline" else "one image at a time"
    rounds = [len(counting(it.runs(scenario))) for it in measured]
    return f"{how}: {intervals_over(rounds)}" if with_intervals else how


def save_with(figure: Figure, path: Path, caution: str, caption: str = "") -> None:
    """Write a figure with a caution and a caption below it, if there are any."""
    width = int(figure.get_figwidth() * CHARACTERS_PER_INCH)
    bottom = 0.0
    for text, color in ((caption, CAPTION_COLOR), (caution, CAUTION_COLOR)):
        lines = textwrap.wrap(text, width)
        if lines:
            style = {"color": color, "fontsize": SMALL, "ha": "center", "va": "bottom"}
            figure.text(0.5, bottom + 0.008, "\n".join(lines), **style)
            bottom += (len(lines) * LINE_INCHES + GAP_INCHES) / figure.get_figheight()
    engine = figure.get_layout_engine()
    if bottom and engine:
        engine.set(rect=(0, bottom, 1, 1 - bottom))
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, and as SVG beside it; equal ones give equal bytes."""
    figure.savefig(path, dpi=DPI, metadata=METADATA)
    with mpl.rc_context({"svg.hashsalt": path.stem, "svg.fonttype": "none"}):
        figure.savefig(path.with_suffix(".svg"), metadata=SVG_METADATA)


def plain(text: str, limit: int = MAX_NAME) -> str:
    """Return a stranger's text as a title may have it: no formula, no character without a glyph."""
    ascii_only = printable(text, limit).encode("ascii", errors="backslashreplace").decode()
    return ascii_only.replace("$", r"\$")


def error_of(interval: Interval | None) -> tuple[float, float]:
    """Return how far an interval reaches below and above its estimate; NaN, not drawn, without."""
    if interval is None:
        return math.nan, math.nan
    below, above = interval.estimate - interval.low, interval.high - interval.estimate
    return max(0.0, below), max(0.0, above)
