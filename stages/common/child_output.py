"""How a child process that failed ended, and what it printed, for the user."""

import signal
import sys
from pathlib import Path

TAIL_LINES = 20
# What nobody but the kernel or the administrator does.
LIKELY_CAUSES = {signal.SIGKILL: ", most often for want of memory"}


def ending_in_words(code: int) -> str:
    """Return how a child with this code of subprocess, not 0, ended: its code or its signal."""
    if code > 0:
        return f"ended with code {code}"
    try:
        signum = signal.Signals(-code)
    except ValueError:  # a real-time signal has no name
        return f"was ended by signal {-code}"
    return f"was ended by {signum.name}{LIKELY_CAUSES.get(signum, '')}"


def print_tail(log: Path) -> str:
    """Print the last lines of a child's output to stderr, and return words that refer to them."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
    print("\n".join(lines), file=sys.stderr)
    return "the lines above are the end of its output"
