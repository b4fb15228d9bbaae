"""A program's output when nobody reads it any more: a closed pipe, a terminal that is gone.

Standard library only, as bootstrap.py uses it.
"""

import os
import sys


def say(line: str) -> None:
    """Print a line to stderr, if there still is one."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _give_up(2)


def give_up_closed_output() -> None:
    """Let what can't be written go nowhere; Python would complain, with a code of its own."""
    try:
        sys.stdout.flush()
    except OSError:
        _give_up(1)


def _give_up(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
