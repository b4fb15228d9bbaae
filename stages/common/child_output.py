"""What a child process printed, shown to the user if the child failed."""

import sys
from pathlib import Path

TAIL_LINES = 20


def print_tail(log: Path) -> str:
    """Print the last lines of a child's output to stderr, and return words that refer to them."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    print("\n".join(lines), file=sys.stderr)
    return "the lines above are the end of its output"
