"""How a point of a sweep, and its layout, are called."""

from stages.precisions import get_precision
from stages.records.profile import Layout
from stages.records.sweep import PointName


def in_words(name: PointName) -> str:
    """Return a point's name as a sentence has it."""
    label = get_precision(name.precision).label
    layout = name.layout
    processes = "1 process" if layout.num_instances == 1 else f"{layout.num_instances} processes"
    cores = "1 core" if layout.cores_per_instance == 1 else f"{layout.cores_per_instance} cores"
    of_each = cores if layout.num_instances == 1 else f"{cores} each"
    return f"{label} in {processes} on {of_each}, in batches of {name.batch_size}"


def points_in_words(count: int) -> str:
    """Return a number of points in words."""
    return "1 point" if count == 1 else f"{count} points"


def layout_in_short(layout: Layout) -> str:
    """Return a layout as tables have it: processes times cores of each."""
    return f"{layout.num_instances} x {layout.cores_per_instance}"
