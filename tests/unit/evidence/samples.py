"""What the records of these tests follow from."""

from pathlib import Path

LOGS = Path(__file__).parents[2] / "data" / "onednn"
PROOFS = {"fp32": "itex2150_fp32_AVX2.txt", "int8": "itex2150_int8-nopool_AVX2.txt"}
LABELS, PREDICTIONS = [0, 1, 1, 0], [0, 1, 0, 0]
SECONDS = {"fp32": (1.0, 1.2), "int8": (0.25, 0.3)}
# Enough of a recording to have all kinds of kernels, and short enough to be read at once.
LINES = 90


def recording(precision: str) -> str:
    """Return the start of oneDNN's log of a precision."""
    lines = (LOGS / PROOFS[precision]).read_text().splitlines()
    return "\n".join(lines[:LINES])
