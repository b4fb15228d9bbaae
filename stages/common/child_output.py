"""How a child process that failed ended, and what it printed, for the user."""

import os
import signal
import sys
from pathlib import Path

from stages.common.host.oom_kills import OomKills
from stages.errors import HostError
from stages.program.out_of_memory import ASK_FOR_LESS, says_out_of_memory
from stages.setting import foreign_words

TAIL_LINES = 20
# Characters of each line. If a log is one endless line, its last MAX_READ bytes alone are read.
MAX_LINE = 1000
MAX_READ = 2**16


def ending_in_words(code: int) -> str:
    """Return how a child with this code of subprocess, not 0, ended: its code or its signal."""
    if code > 0:
        return f"ended with code {code}"
    try:
        signum = signal.Signals(-code)
    except ValueError:  # a real-time signal has no name
        return f"was ended by signal {-code}"
    return f"was ended by {signum.name}"


def shortage(what: str, code: int, log: Path, kills: OomKills) -> HostError | None:
    """Return the error of a child that ended for want of memory, None if it ended otherwise.

    `what` names the child, which printed to `log`; `kills` was made before it was started.
    """
    if code == -signal.SIGKILL:  # which leaves no last words
        killed = kills.how_killed()
        return HostError(f"{what} {killed}") if killed else None
    if not says_out_of_memory("\n".join(_tail(log))):
        return None
    how = f"{ending_in_words(code)}, as no memory was left"
    return HostError(f"{what} {how}; {print_tail(log)}; {ASK_FOR_LESS}")


def print_tail(log: Path) -> str:
    """Print the last lines of a child's output to stderr, and return words that refer to them.

    What a framework prints may have a stranger's names in it: the lines are cleaned, and cut.
    """
    for line in _tail(log):
        print(foreign_words.shown_line(line.expandtabs(), MAX_LINE), file=sys.stderr)
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
