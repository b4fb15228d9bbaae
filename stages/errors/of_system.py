"""What the system refuses, as an error of ours: one line with the place, the cause and a remedy."""

import errno
import os
from pathlib import Path

from stages.errors.kinds import (
    DiskFullError,
    DownloadError,
    HostError,
    NotWritableError,
    StageError,
)
from stages.program import disk_space, streams
from stages.program.left_over_name import known_place
from stages.program.printable import shortened
from stages.program.user import this_user

NOT_ALLOWED = (errno.EACCES, errno.EPERM)
GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)
IN_USE = (errno.EAGAIN, errno.EBUSY, errno.EDEADLK, errno.EINTR, errno.ETXTBSY)
OF_ANOTHER_KIND = (
    *(errno.EEXIST, errno.EISDIR, errno.ELOOP, errno.EMLINK, errno.ENAMETOOLONG),
    *(errno.ENODEV, errno.ENOTEMPTY, errno.ENXIO),
)
TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)
NO_CONNECTION = (
    *(errno.ECONNABORTED, errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH),
    *(errno.ENETDOWN, errno.ENETRESET, errno.ENETUNREACH),
)
# Those that neither a network nor a nearly full disk is behind, or that say so themselves.
CERTAIN = (
    *(*disk_space.FULL, *NOT_ALLOWED, errno.EFBIG, errno.EIO, errno.ENAMETOOLONG),
    *(errno.EROFS, errno.ESTALE, errno.EXDEV),
)


def from_os_error(error: OSError) -> StageError | None:
    """Return the StageError of a failure that is certainly the file system's, else None."""
    certain = error.errno in CERTAIN or error.filename in streams.NAMES
    return refused_by_system(error) if certain else None


def refused_by_system(error: OSError) -> StageError | None:
    """Return the StageError of what the system refused, None if the system had no part in it."""
    if not error.errno:
        return None
    if error.filename in streams.NAMES:
        return _of_stream(error.filename, error)
    place = _place(error)
    why = os.strerror(error.errno)
    if error.errno in disk_space.FULL:
        return DiskFullError(f"no space left at {place}; free some and run the stage again")
    if error.errno in NOT_ALLOWED:
        return NotWritableError(
            f"{place} can't be read or written by user {this_user()}; "
            "change its owner or mode, or set VGG19_ARTIFACTS"
        )
    if error.errno in NO_CONNECTION:
        return DownloadError(f"a connection failed ({why}); look after the network, run this again")
    if error.errno == errno.ENOMEM:
        return HostError(f"no memory is left ({why}); end other programs, or ask for less")
    return NotWritableError(f"{place} can't be read or written ({why}); {_remedy(error.errno)}")


def _of_stream(name: str, error: OSError) -> StageError:
    if error.errno in disk_space.FULL:
        return DiskFullError(f"no space left at {name}; free some, or send it elsewhere")
    return NotWritableError(f"{name} can't be written ({error.strerror}); send it elsewhere")


def _place(error: OSError) -> str:
    name = error.filename
    if name is None or isinstance(name, int):
        return "the artifacts folder, or another file,"
    return shortened(str(known_place(Path(os.fsdecode(name)))))


def _remedy(code: int) -> str:
    if code in GONE:
        return "if another program removed it, run this again"
    if code in IN_USE:
        return "end the program that uses it, and run this again"
    if code in OF_ANOTHER_KIND:
        return "move what is there elsewhere, or set VGG19_ARTIFACTS to another folder"
    if code in TOO_MANY_FILES:
        return "raise the limit of open files (ulimit -n)"
    return "look after that disk, or set VGG19_ARTIFACTS to a folder on another"
