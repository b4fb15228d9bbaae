"""What the system refuses, as an error of ours: one line with the place, the cause and a remedy."""

import errno
import os
from pathlib import Path

from stages.errors.kinds import (
    DiskFullError,
    DownloadError,
    HostError,
    ModelError,
    NotWritableError,
    StageError,
)
from stages.program import disk_space, out_of_memory, streams
from stages.program.left_over_name import known_place
from stages.program.printable import printable, shortened
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
# It may be that of artifacts, of a bundle, or anything else that was given.
ANOTHER = "give another place, that of artifacts by VGG19_ARTIFACTS"
# Characters of what a library says.
MAX_DETAIL = 100
# Those that neither a network nor a nearly full disk is behind, or that say so themselves.
CERTAIN = (
    *(*disk_space.FULL, *NOT_ALLOWED, errno.EFBIG, errno.EIO, errno.ENAMETOOLONG),
    *(errno.EROFS, errno.ESTALE, errno.EXDEV),
)


def from_shortage(error: Exception) -> HostError | None:
    """Return the HostError of a failure that is for want of memory, None if it is another.

    Libraries wrap such an error in one of their own, which is then taken for the model's.
    """
    if isinstance(error, StageError) and not isinstance(error, ModelError):
        return None
    cause = out_of_memory.cause_of(error)
    if cause is None:
        return None
    said = " ".join(str(cause).split()) or type(cause).__name__
    return HostError(
        f"no memory is left ({printable(said, MAX_DETAIL)}); raise the limit on it, end other "
        f"programs, or {out_of_memory.ASK_FOR_LESS}"
    )


def from_os_error(error: Exception) -> StageError | None:
    """Return the StageError of a failure that is certainly the file system's, else None.

    Libraries raise OSError for a content that is damaged, too.
    """
    if not isinstance(error, OSError):
        return None
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
            f"change its owner or mode, or {ANOTHER}"
        )
    if error.errno in NO_CONNECTION:
        return DownloadError(f"a connection failed ({why}); look after the network, run this again")
    return NotWritableError(f"{place} can't be read or written ({why}); {_remedy(error.errno)}")


def _of_stream(name: str, error: OSError) -> StageError:
    if error.errno in disk_space.FULL:
        return DiskFullError(f"no space left at {name}; free some, or send it elsewhere")
    return NotWritableError(f"{name} can't be written ({error.strerror}); send it elsewhere")


def _place(error: OSError) -> str:
    # A copy that finds no room has two names: that which is written is the second.
    full = error.errno in disk_space.FULL and error.filename2
    name = error.filename2 if full else error.filename
    if name is None or isinstance(name, int):
        return "the artifacts folder, or another file"
    return shortened(str(known_place(Path(os.fsdecode(name)))))


def _remedy(code: int) -> str:
    if code in GONE:
        return "if another program removed it, run this again"
    if code in IN_USE:
        return "end the program that uses it, and run this again"
    if code in OF_ANOTHER_KIND:
        return f"move what is there elsewhere, or {ANOTHER}"
    if code in TOO_MANY_FILES:
        return "raise the limit of open files (ulimit -n)"
    return f"look after that disk, or {ANOTHER}"
