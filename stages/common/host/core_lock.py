"""A lock on each core that is measured on, so that no two runs of this machine use the same one.

The locks are files in a folder that every process and container of a machine can see; the kernel
releases them when the process that holds them ends, however it ends.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path

from stages.errors import CoresBusyError

# The next run may be another user's.
MODE = 0o666
# At most one line of what the process that holds a lock wrote into it is shown.
MAX_SHOWN_BYTES = 200


@contextmanager
def holding(cores: Sequence[int], name: str, folder: Path) -> Iterator[None]:
    """Hold `cores` for the program `name`, by files in `folder`, until the context is left.

    Raises CoresBusyError if another run holds one of them.
    """
    since = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    with ExitStack() as locks:
        for core in cores:
            lock = _opened(folder / f"vgg19-core-{core}.lock")
            locks.callback(os.close, lock)
            _lock(lock, core)
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{name} since {since}".encode(), 0)
        yield


def _opened(path: Path) -> int:
    # In a folder open to all, O_CREAT is refused for a file that another user has made.
    try:
        return os.open(path, os.O_RDWR)
    except FileNotFoundError:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, MODE)
        os.fchmod(lock, MODE)  # whatever the umask
        return lock


def _lock(lock: int, core: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, MAX_SHOWN_BYTES, 0).decode(errors="replace")
        raise CoresBusyError(
            f"core {core} is held by {holder or 'another run'}; "
            "wait until it ends, or set VGG19_CORES to others"
        ) from None
