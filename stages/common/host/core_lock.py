"""A lock on each core that is measured on, so that no two runs of this machine use the same one.

The locks are files in a folder that every process and container that measures can see; the kernel
releases them when the process that holds them ends, however it ends. Any user may write to that
folder, so nothing in it is believed but what the kernel says.
"""

import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from stages.common.host.cgroups import HERE
from stages.common.host.lock_holder import holder_of
from stages.errors import CoresBusyError, DiskFullError, NotWritableError
from stages.locks import opened
from stages.program import disk_space

# The next run may be another user's.
MODE = 0o666
# At most this many bytes of what the process that holds a lock wrote into it are read.
MAX_READ = 200
FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# compose.yaml's variable for the container's name.
CONTAINER = "STAGES_CONTAINER"


@contextmanager
def holding(cores: Sequence[int], name: str, folder: Path) -> Iterator[None]:
    """Hold `cores` for the program `name`, by files in `folder`, until the context is left.

    Raises CoresBusyError if another run holds one of them, NotWritableError if the folder or a file
    in it is not as this project makes them, DiskFullError if there is no room for one.
    """
    since = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    text = f"{name}{_place()} since {since}"
    with ExitStack() as locks, opened(folder) as directory:
        for core in cores:
            lock = _open(f"core-{core}.lock", directory, folder)
            locks.callback(os.close, lock)
            _lock(lock, core, folder)
            with suppress(OSError):  # it is held without the text if there is no room for it
                os.ftruncate(lock, 0)
                os.pwrite(lock, text.encode(), 0)
        yield


def _place() -> str:
    """Return the words for the container that this is, by which others can end it."""
    container = os.environ.get(CONTAINER) or (os.uname().nodename if HERE.in_container() else "")
    return f" in container {container}" if container else ""


def _open(name: str, directory: int, folder: Path) -> int:
    """Return a descriptor of a lock; NotWritableError for what is no file of its own."""
    try:
        lock = _open_or_make(name, directory)
    except OSError as error:
        if error.errno in disk_space.FULL:
            raise DiskFullError(f"no space left at {folder}; remove files of yours there") from None
        raise _refusal(folder / name, error.strerror or "") from None
    state = os.fstat(lock)
    if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
        os.close(lock)
        raise _refusal(folder / name, "not a file with one name")
    return lock


def _open_or_make(name: str, directory: int) -> int:
    # In a folder open to all, O_CREAT is refused for a file that another user has made.
    try:
        return os.open(name, FLAGS, dir_fd=directory)
    except FileNotFoundError:
        pass
    try:
        lock = os.open(name, FLAGS | os.O_CREAT | os.O_EXCL, MODE, dir_fd=directory)
    except FileExistsError:  # another run has just made it
        return os.open(name, FLAGS, dir_fd=directory)
    os.fchmod(lock, MODE)  # whatever the umask
    return lock


def _refusal(path: Path, why: str) -> NotWritableError:
    return NotWritableError(
        f"{path} can't be used to lock a core ({why}); someone else made it: remove it, as root if "
        "need be, or set VGG19_CORES to others"
    )


def _lock(lock: int, core: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        said = os.pread(lock, MAX_READ, 0).decode(errors="replace")
        holder = holder_of(os.fstat(lock), said)
        end = f" (`{holder.command}` ends it)" if holder.command else ""
        raise CoresBusyError(
            f"core {core} is held by {holder.words}; wait until it ends{end}, or set VGG19_CORES "
            "to others"
        ) from None
    except OSError as error:
        raise NotWritableError(
            f"{folder} is on a file system without locks ({error.strerror}); set VGG19_LOCKS to a "
            "folder on a local disk, for all runs alike"
        ) from None
