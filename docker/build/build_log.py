"""What builds print, in a file: a terminal then has a line for each image."""

import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import BinaryIO

from docker.host.ownership import give_to_owner_of
from stages.errors import EngineError, NotWritableError
from stages.program import disk_space, streams
from stages.program.printable import printable
from stages.program.redirection import own_stream, redirected
from stages.program.user import this_user
from stages.setting import foreign_words

# Lines of the file that are shown if a build fails, and the longest part of one.
LAST_LINES, MAX_LINE = 30, 300
# However many builds begin at once.
TRIES = 100


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Let what child processes print go to a new file at `path`, and what this one prints not.

    If an EngineError comes, the last lines of the file are shown. Raises what `_new_file` raises.
    """
    with _new_file(path) as log:
        give_to_owner_of(path.parent, path)
        try:
            with _children_write_to(log.fileno()):
                yield
        except EngineError:
            _show_end(path, log)
            raise


def _new_file(path: Path) -> BinaryIO:
    """Make a file; another build may still write to the one that is there, and make one just now.

    Raises NotWritableError if there can be none, OSError if the disk is full.
    """
    for _ in range(TRIES):
        try:
            path.unlink(missing_ok=True)
            return path.open("x+b")
        except FileExistsError:
            continue
        except OSError as error:
            if error.errno in disk_space.FULL:
                raise
            break
    raise NotWritableError(
        f"{path} can't be written by user {this_user()}; remove what is there, or change its folder"
    )


@contextmanager
def _children_write_to(log: int) -> Iterator[None]:
    with redirected(log) as (output, errors), ExitStack() as stack:
        stack.enter_context(redirect_stdout(own_stream(sys.stdout, 1, output)))
        stack.enter_context(redirect_stderr(own_stream(sys.stderr, 2, errors)))
        stack.callback(streams.flush)
        yield


def _show_end(path: Path, log: BinaryIO) -> None:
    log.seek(0)  # by its path, it may be another build's by now
    lines = deque((line.decode(errors="replace") for line in log), LAST_LINES)
    print(f"build: the last lines of {printable(str(path))}:", file=sys.stderr)
    for line in lines:
        print(f"  {foreign_words.shown_line(line.rstrip(), MAX_LINE)}", file=sys.stderr)
    sys.stderr.flush()
