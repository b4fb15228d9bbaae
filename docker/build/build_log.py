"""What builds print, in a file: a terminal then has a line for each image."""

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from docker.host.ownership import give_to_owner_of
from stages.errors import EngineError
from stages.program import streams
from stages.program.printable import printable
from stages.program.redirection import own_stream, redirected

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
    with redirected(log) as (output, errors), ExitStack() as stack:
        stack.enter_context(redirect_stdout(own_stream(sys.stdout, 1, output)))
        stack.enter_context(redirect_stderr(own_stream(sys.stderr, 2, errors)))
        stack.callback(streams.flush)
        yield


def _show_end(path: Path) -> None:
    with path.open(encoding="utf-8", errors="replace") as log:
        lines = deque(log, LAST_LINES)
    print(f"build: the last lines of {printable(str(path))}:", file=sys.stderr)
    for line in lines:
        print(f"  {printable(line.rstrip(), MAX_LINE)}", file=sys.stderr)
    sys.stderr.flush()
