"""How a child process that failed ended, and what it printed, for the user."""

import os
import signal
import sys
from pathlib import Path

from stages.program.printable import printable

TAIL_LINES = 20
# Characters of each line. If a log is one endless line, its last MAX_READ bytes alone are read.
MAX_LINE = 1000
MAX_READ = 2**16
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
    """Print the last lines of a child's output to stderr, and return words that refer to them.

    What a framework prints may have a stranger's names in it: the lines are cleaned, and cut.
    """
    for line in _tail(log):
        print(printable(line.expandtabs(), MAX_LINE), file=sys.stderr)
    return "the lines above are the end of its output"


def _tail(log: Path) -> list[str]:
    """Return the last lines of a file, none if it can't be read."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - MAX_READ))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return text.replace("\r\n", "\n").rstrip("\n").split("\n")[-TAIL_LINES:]
