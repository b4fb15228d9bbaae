"""What builds print, in a file: a terminal then has a line for each image."""

import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO

from docker.host.ownership import give_to_owner_of
from stages.errors import EngineError
from stages.program import streams
from stages.program.printable import printable

# Lines of the file that are shown if a build fails, and the longest part of one.
LAST_LINES, MAX_LINE = 30, 300


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Let what child processes print go to a new file at `path`, and what this one prints not.

    If an EngineError comes, the last lines of the file are shown. Raises OSError if it can't be
    written.
    """
    path.unlink(missing_ok=True)  # another build may still write the one that is there
    with path.open("xb") as log:
        give_to_owner_of(path.parent, path)
        try:
            with _children_write_to(log.fileno()):
                yield
        except EngineError:
            _show_end(path)
            raise


@contextmanager
def _children_write_to(log: int) -> Iterator[None]:
    streams.flush()
    kept = [os.dup(number) for number in (1, 2)]
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(_own(sys.stdout, 1, kept[0])))
        stack.enter_context(redirect_stderr(_own(sys.stderr, 2, kept[1])))
        try:
            for number in (1, 2):
                os.dup2(log, number)
            yield
        finally:
            streams.flush()
            for number, original in zip((1, 2), kept, strict=True):
                os.dup2(original, number)
                os.close(original)


def _own(stream: TextIO, number: int, kept: int) -> TextIO:
    """Return a stream to where `stream` leads now: to `kept`, unless it has another number."""
    try:
        if stream.fileno() != number:
            return stream
    except (OSError, ValueError):
        return stream
    return open(kept, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)


def _show_end(path: Path) -> None:
    with path.open(encoding="utf-8", errors="replace") as log:
        lines = deque(log, LAST_LINES)
    print(f"build: the last lines of {printable(str(path))}:", file=sys.stderr)
    for line in lines:
        print(f"  {printable(line.rstrip(), MAX_LINE)}", file=sys.stderr)
    sys.stderr.flush()
