"""The answers with AMX beside those without."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stages.precisions import BF16, get_precision
from stages.records.rehearse import Answers

# Bits of BF16's significand after the leading one.
BF16_BITS = 7
ANSWER_COLUMNS = ("agree", "equal", "difference")
Rows = Sequence[Sequence[float]]


def compare_answers(precision: str, with_amx: Rows, without: Rows) -> Answers:
    """Return how far the probabilities of two cells, one row for each image, agree."""
    one, other = (np.asarray(rows, np.float32) for rows in (with_amx, without))
    classes = one.argmax(axis=1) == other.argmax(axis=1)
    apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
    in_bf16 = get_precision(precision).converts_to == BF16
    return Answers(
        equal=int((one.view(np.uint32) == other.view(np.uint32)).all(axis=1).sum()),
        differing=int((~classes).sum()),
        agreement=float(classes.mean()),
        largest_difference=float(apart.max()),
        largest_bf16_steps=float((apart / _steps(one, other)).max()) if in_bf16 else None,
    )


def shown(answers: Answers, images: int) -> tuple[str, str, str]:
    """Return how far two cells agree on the images, a text for each of ANSWER_COLUMNS."""
    apart = answers.largest_difference
    return f"{images - answers.differing}", f"{answers.equal}", f"{apart:.2g}" if apart else "none"


def predictions_of(rows: Rows) -> list[int]:
    """Return the class index of each row of probabilities, the first of equal ones."""
    return [row.index(max(row)) for row in rows]


def _steps(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the distance of BF16's neighbouring numbers at the larger of two, element by element.

    0 counts as BF16's smallest normal number.
    """
    larger = np.maximum(np.maximum(np.abs(one), np.abs(other)), np.finfo(np.float32).tiny)
    steps: npt.NDArray[np.float64] = np.exp2(
        np.floor(np.log2(larger.astype(np.float64))) - BF16_BITS
    )
    return steps
