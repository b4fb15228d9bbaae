"""Temporary folders, each removed in the end, or by the next command if its own was killed.

Whoever uses one holds a lock on it, which the kernel releases when that process ends, however it
ends. On a file system without locks, what a kill leaves is there for good.
"""

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stages.errors import StageError
from stages.files import trees
from stages.files.descent import FOLDER

# No other program's folders end so.
SUFFIX = ".vgg19-tmp"
LEFT_OVER = re.compile(rf".+-[a-z0-9_]{{8}}{re.escape(SUFFIX)}")


@contextmanager
def locked_folder(prefix: str) -> Iterator[str]:
    """Yield the path of a temporary folder, its prefix with a hyphen last; OSError if none can be.

    What killed commands of this user left where such folders are is removed first.
    """
    _remove_left_overs(Path(tempfile.gettempdir()))
    folder, lock = _made(prefix)
    try:
        with folder as name:
            yield name
    finally:
        os.close(lock)


def _made(prefix: str) -> "tuple[tempfile.TemporaryDirectory[str], int]":
    while True:
        folder = tempfile.TemporaryDirectory(prefix=prefix, suffix=SUFFIX)
        with suppress(FileNotFoundError):
            lock = os.open(folder.name, FOLDER)
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.lexists(folder.name):
                return folder, lock
            os.close(lock)
        folder.cleanup()  # another took it for a left-over before it was locked


def _remove_left_overs(parent: Path) -> None:
    with suppress(OSError):
        for path in parent.iterdir():
            if LEFT_OVER.fullmatch(path.name):
                with suppress(OSError, StageError):
                    _remove_unlocked(path)


def _remove_unlocked(path: Path) -> None:
    """Remove a folder of this user; OSError if another process has locked it, or may have."""
    descriptor = os.open(path, FOLDER)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            trees.remove(path)
    finally:
        os.close(descriptor)
