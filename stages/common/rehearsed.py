"""What a rehearsal found, in the same words wherever it is shown."""

from collections import Counter

from stages.precisions import get_precision
from stages.records.rehearse import REHEARSED, RehearsedCell


def finding(cell: RehearsedCell) -> str:
    """Return in one line which kinds of layers ran on AMX, and how far the answers held."""
    label = get_precision(cell.precision).label
    return f"{REHEARSED}: {_kernels(cell)} on AMX, {label} {_answers(cell)}"


def _kernels(cell: RehearsedCell) -> str:
    kinds = Counter(layer.primitive for layer in cell.layers)
    on_amx = Counter(layer.primitive for layer in cell.layers if layer.on_amx)
    return " and ".join(
        f"{on_amx[kind]} of {count} {kind}{'' if count == 1 else 's'}"
        for kind, count in kinds.items()
    )


def _answers(cell: RehearsedCell) -> str:
    images, answers = len(cell.with_amx.probabilities), cell.answers
    equal = f"equal bit for bit on {answers.equal} of {images} images"
    if answers.equal == images:
        return equal
    differing = f"another class on {answers.differing}" if answers.differing else "no other class"
    return f"{equal}, {differing}"
