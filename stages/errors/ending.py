"""How a program ends: the one place that catches errors, and the exit code of each."""

import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

from stages.errors.kinds import DiskFullError, StageError
from stages.errors.of_system import from_os_error, from_shortage, refused_by_system
from stages.program import disk_space, streams
from stages.program.host_path import shown
from stages.program.signals import (
    SIGNALLED,
    WHOLE,
    AlreadySaid,
    Terminated,
    as_exceptions,
)

INTERNAL_EXIT_CODE = 70
INTERRUPTED_EXIT_CODE = SIGNALLED + signal.SIGINT
# Nobody reads the output any more.
CLOSED_EXIT_CODE = SIGNALLED + signal.SIGPIPE
# Within it a stage must end, before whoever started it kills it.
GIVE_UP_S = 2.0


def _translate(error: Exception) -> StageError | None:
    if shortage := from_shortage(error):
        return shortage
    if isinstance(error, StageError):
        return error
    known = from_os_error(error) or _as_full_disk(error)
    return known or (refused_by_system(error) if isinstance(error, OSError) else None)


def _as_full_disk(error: Exception) -> StageError | None:
    """Return what to say of an error that only a full disk can explain, None if it is another."""
    place = disk_space.full_among([disk_space.temporary_folder()])
    if not place and not disk_space.is_said_by(error):
        return None
    where = f"at {place}" if place else "for the artifacts"
    return DiskFullError(f"no space left {where}; free some and run the stage again")


def exit_code_of(name: str, run: Callable[[], None], give_up_s: float = 0.0) -> int:
    """Run `run` and return its exit code; print a failure as one line that begins with `name`.

    A signal that asks it to end is a failure, too: see program/signals.py. If nobody reads what is
    printed any more, it ends without a word.
    """
    code = 0
    try:
        streams.prepare()
        with as_exceptions(name, give_up_s):
            _run_whole(run)
    except BaseException as error:
        code = report(name, error)
    streams.discard_unwritable()
    return code


def _run_whole(run: Callable[[], None]) -> None:
    """Run `run` and write all that it printed, also if it ends the program, as --help does."""
    try:
        run()
    except SystemExit:
        streams.flush()
        raise
    streams.flush()


def report(name: str, error: BaseException) -> int:
    """Print a failure as one line that begins with `name`; return its exit code."""
    code, line = _ending(error)
    if line:
        # A terminal has shown ^C, at the end of a line of progress.
        begin = "\n" if isinstance(error, KeyboardInterrupt) and _is_watched() else ""
        say(f"{begin}{name}: {line}")
    streams.discard_unwritable()
    return code


def _ending(error: BaseException) -> tuple[int, str]:
    """Return the exit code of a failure, and the line that says it."""
    match error:
        case KeyboardInterrupt():
            return INTERRUPTED_EXIT_CODE, f"interrupted; {WHOLE}"
        case AlreadySaid():
            return error.exit_code, ""
        case Terminated():
            return error.exit_code, f"{error}; {WHOLE}"
        case BrokenPipeError() if streams.discard_unread() or error.filename in streams.NAMES:
            return streams.UNREAD_EXIT_CODE, ""
        case Exception():
            return _failure(error)
    raise error


def _failure(error: Exception) -> tuple[int, str]:
    known = _translate(error)
    if known is None:
        traceback.print_exception(error)
        return INTERNAL_EXIT_CODE, "internal error; please report the lines above"
    # A name in it may be a stranger's: it must neither begin a line nor steer the terminal.
    return known.exit_code, f"error: {shown(known)}"


def _is_watched() -> bool:
    return bool(sys.stderr and sys.stderr.isatty())


def say(text: str) -> None:
    """Print to stderr, if anybody reads it: the exit code says the rest."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
