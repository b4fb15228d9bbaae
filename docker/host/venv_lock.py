"""One process at a time sets up the virtual environments of a checkout.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.errors import NotWritableError
from stages.program.user import this_user


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Hold the lock on the folder that `folder` is in, and yield its descriptor.

    Two processes that set up environments at once would remove each other's.
    """
    descriptor = os.open(folder.parent, os.O_RDONLY)
    try:
        _wait_for_lock(descriptor, folder)
        if not os.access(folder.parent, os.W_OK | os.X_OK):
            raise _refusal(folder)
        yield descriptor
    finally:
        os.close(descriptor)


def _refusal(folder: Path) -> NotWritableError:
    """Return why this user, who may not change the environment, can't use it as it is."""
    if python := _forbidden_python(folder):
        return NotWritableError(
            f"{folder} was made from the Python {python}, which user {this_user()} may not start; "
            "make a clone of your own, or have its owner make it again by one that all users may"
        )
    state = "is not up to date" if os.path.lexists(folder) else "is not there"
    return NotWritableError(
        f"{folder} {state}, and {folder.parent} can't be written by user {this_user()}; "
        "run this once as its owner, or copy this checkout to a folder of your own"
    )


def _forbidden_python(folder: Path) -> str:
    """Return the Python of an environment if this user may not start it, else nothing.

    In another user's home it can't even be looked at; one that is gone is its owner's to fix.
    """
    python = folder / "bin" / "python"
    try:
        python.stat()
    except PermissionError:
        return os.path.realpath(python)
    except OSError:
        return ""
    return "" if os.access(python, os.X_OK) else os.path.realpath(python)


def _wait_for_lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waiting for another process that sets up {folder.name}", flush=True)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        pass  # a file system without locks: as it was before there were any
