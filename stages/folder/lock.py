"""One writer, or several readers, in an artifacts folder at a time.

The lock is a file in the folder, which every process and container that uses the folder sees; the
kernel releases it when the process that holds it ends, however it ends.

On NFS a lock for one alone takes a descriptor that can be written. Who may only read the folder
gets the lock that readers share, which keeps writers out as well, but doesn't show whether other
readers are there. If a file system gives no lock at all, nothing is read: a writer on the server,
or on another machine, might be there unseen, and swap a folder between two files that belong
together.
"""

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from stages.errors import ArtifactsBusyError, NotWritableError
from stages.files.trees import FILE_MODE
from stages.folder.usable import LOCK
from stages.program import disk_space
from stages.program.naming import naming
from stages.program.printable import printable
from stages.program.user import this_user

# Who starts a container names it by this variable.
CONTAINER = "STAGES_CONTAINER"
MAX_SHOWN_BYTES = 200
FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# Answers to flock that mean "not on this file system", and to open that mean "not by you".
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF, errno.EPERM)
ELSEWHERE = "set VGG19_ARTIFACTS to a folder on a local disk"
ELSEWHERE_TO_READ = "copy it to a local disk, and set VGG19_ARTIFACTS to the copy"
NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextmanager
def writing_alone(root: Path, name: str) -> Iterator[None]:
    """Hold the folder `root` for the program `name` alone, until the context is left.

    Raises ArtifactsBusyError if another holds it, NotWritableError if it can't be locked.
    """
    with _opened(root / LOCK) as lock:
        if not _try(lock, fcntl.LOCK_EX, root):
            raise _busy(lock, root)
        _write(lock, _holder(name))
        try:
            yield
        finally:
            _write(lock, "")


@contextmanager
def reading_with_others(
    root: Path, name: str, recover: Callable[[bool], None] = lambda alone: None
) -> Iterator[None]:
    """Hold the folder `root` for the reader `name` and others, until the context is left.

    `recover` is called first unless there are others: with True if this is certain, else with
    False, as readers may be there. A folder that this user can't write, and that nobody ever
    locked, is read without. Raises what writing_alone raises.
    """
    with _opened_to_read(root / LOCK) as lock:
        if lock is not None:
            _share(lock, root, name, recover)
        yield


def require_no_writer(root: Path) -> None:
    """Raise ArtifactsBusyError if a writer works in `root` now, if this user may see that."""
    if not os.path.lexists(root / LOCK):
        return
    with suppress(OSError, NotWritableError), _opened(root / LOCK) as lock:
        if not _try(lock, fcntl.LOCK_SH, root):
            raise _busy(lock, root)


def _share(lock: int, root: Path, name: str, recover: Callable[[bool], None]) -> None:
    alone = _try_alone(lock, root)
    if alone:
        recover(True)
        _write(lock, _holder(name))
    if not _try(lock, fcntl.LOCK_SH, root, ELSEWHERE_TO_READ):
        raise _busy(lock, root)
    if alone is None:
        recover(False)


def _try_alone(lock: int, root: Path) -> bool | None:
    """Return whether nobody else has the lock; None if this descriptor can't be used to ask."""
    try:
        return _try(lock, fcntl.LOCK_EX, root, ELSEWHERE_TO_READ)
    except NotWritableError:
        if fcntl.fcntl(lock, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            return None
        raise


@contextmanager
def _opened_to_read(path: Path) -> Iterator[int | None]:
    if not os.path.lexists(path) and not os.access(path.parent, os.W_OK):
        yield None
    else:
        with _opened(path) as lock:
            yield lock


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    lock = _open(path)
    try:
        _require_ours(lock, path)
        yield lock
    finally:
        os.close(lock)


def _open(path: Path) -> int:
    """Open the lock, or make it; for reading alone if this user may not write it."""
    try:
        return os.open(path, os.O_RDWR | FLAGS)
    except FileNotFoundError:
        return _make(path)
    except OSError as error:
        if error.errno not in NOT_ALLOWED:
            raise _unusable(path, error) from None
    try:
        return os.open(path, os.O_RDONLY | FLAGS)
    except OSError as error:
        raise _unusable(path, error) from None


def _make(path: Path) -> int:
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | FLAGS, FILE_MODE)
    except OSError as error:
        if error.errno in disk_space.FULL:
            raise
        raise _unusable(path, error) from None
    owner = path.parent.stat()
    with suppress(OSError):
        os.fchmod(lock, FILE_MODE)  # whatever the umask
        if os.getuid() == 0:  # the next one may be the folder's owner
            os.fchown(lock, owner.st_uid, owner.st_gid)
    return lock


def _require_ours(lock: int, path: Path) -> None:
    """Raise NotWritableError if what was opened is no file that a stage made as its lock."""
    status = os.fstat(lock)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        raise NotWritableError(f"{path} is no lock that a stage made; remove it")


def _try(lock: int, kind: int, root: Path, remedy: str = ELSEWHERE) -> bool:
    try:
        with naming(root / LOCK):
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        raise NotWritableError(
            f"{root} is on a file system without locks ({error.strerror}); {remedy}"
        ) from None
    return True


def _holder(name: str) -> str:
    since = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    place = os.environ.get(CONTAINER) or socket.gethostname()
    return f"{name} since {since} (process {os.getpid()} in {place})"


def _write(lock: int, text: str) -> None:
    """Write who holds the lock; it holds without, if the disk is full or this user may not."""
    with suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, text.encode(), 0)


def _busy(lock: int, root: Path) -> ArtifactsBusyError:
    text = os.pread(lock, MAX_SHOWN_BYTES, 0).decode(errors="replace")
    return ArtifactsBusyError(
        f"{root} is in use by {printable(text) or 'another command'}; "
        "wait until it ends, or set VGG19_ARTIFACTS to another folder"
    )


def _unusable(path: Path, error: OSError) -> NotWritableError:
    if error.errno in NOT_ALLOWED and not os.path.lexists(path):
        return NotWritableError(
            f"{path.parent} can't be written by user {this_user()}; "
            "make the folder writable or set VGG19_ARTIFACTS"
        )
    return NotWritableError(
        f"{path} can't be opened by user {this_user()} ({error.strerror}); remove it"
    )
