"""The picture of how fast each primitive ran beside what it reads and writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from stages.compare.highest import highest_timed
from stages.compare.inputs import RuntimeProfile
from stages.compare.pictures.drawing import SMALL, plain, save_with
from stages.isa import get_isa
from stages.precisions import get_precision
from stages.records.cell import Cell
from stages.records.measure import Primitive

MARKERS = "osD^v<>Ph*"
LIMITS = (
    "flat lines: the fastest kernel of each precision. The memory's bandwidth was not measured, so "
    "there is no slope; bytes are those of activations, without weights"
)


@dataclass(frozen=True, slots=True)
class Points:
    """The primitives of a cell that multiply: operations per byte, and 10^9 operations a second."""

    name: str
    color: str
    intensity: Sequence[float]
    rate: Sequence[float]
    best: float


def points_of(profiles: Sequence[RuntimeProfile]) -> list[Points]:
    """Return those of each precision at the highest cap at which it was timed and traced."""
    return [
        points
        for profile in profiles
        for cell in highest_timed(profile.record)
        for points in [_points(profile, cell, named=len(profiles) > 1)]
        if points.rate
    ]


def _points(profile: RuntimeProfile, cell: Cell, *, named: bool) -> Points:
    roofline = cell.roofline
    known = [it for it in roofline.primitives if _is_known(it)] if roofline else []
    precision = get_precision(cell.precision)
    name = f"{precision.label}, {get_isa(cell.requested_isa).label}"
    return Points(
        name=f"{name}, {profile.runtime}" if named else name,
        color=precision.color,
        intensity=[it.operations / it.bytes_moved for it in known],
        rate=[it.operations / it.milliseconds / 1e6 for it in known],
        best=roofline.best_gops if roofline else 0.0,
    )


def _is_known(primitive: Primitive) -> bool:
    return bool(primitive.operations and primitive.bytes_moved and primitive.milliseconds)


def plot_roofline(
    points: Sequence[Points], path: Path, caution: str = "", caption: str = ""
) -> None:
    """Draw a point for each primitive, and a flat line at the rate of each cell's best kernel."""
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    axes = figure.subplots()
    for number, own in enumerate(points):
        marker = MARKERS[number % len(MARKERS)]
        style = {"marker": marker, "color": own.color, "alpha": 0.75, "linestyle": "none"}
        axes.plot(own.intensity, own.rate, label=plain(own.name), **style)
        if own.best:
            axes.axhline(own.best, color=own.color, linewidth=1, linestyle="--")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("operations per byte of activations")
    axes.set_ylabel("10^9 operations per second (higher is better)")
    axes.legend(frameon=False, fontsize=SMALL, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, which="major", alpha=0.25)
    figure.suptitle("Roofline, as far as it was recorded: layers that multiply")
    save_with(figure, path, caution, f"{LIMITS}. {caption}" if caption else LIMITS)
