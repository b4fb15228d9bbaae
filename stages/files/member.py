"""Files that a record names: plain ones inside their folder, whoever wrote the record.

A name such as `/proc/kmsg`, `../../secret`, or that of a link or a pipe must reach no reader.
"""

import errno
import os
import stat
from pathlib import Path

from stages.errors import InputCorruptError
from stages.program.naming import naming
from stages.program.printable import printable

# A fifo must not hang whoever opens it, nor a symlink lead elsewhere.
OPEN_PLAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# A log of the longest runs has some 10 MB.
MAX_LOG_BYTES = 64 * 2**20
MAX_SHOWN = 200


def member(folder: Path, name: str, limit: int = MAX_LOG_BYTES) -> Path:
    """Return the path of the plain file that is called `name`, a relative path, in a folder.

    Raises InputCorruptError if it is not there, lies elsewhere, or has more bytes than `limit`.
    """
    if not is_inside(name):
        raise _not_there(folder, name)
    path = folder / name
    try:
        _require_plain(path, limit)
    except FileNotFoundError:
        raise _not_there(folder, name) from None
    if any(parent.is_symlink() for parent in path.parents if folder in parent.parents):
        raise _not_there(folder, name)
    return path


def read_plain(path: Path, limit: int) -> bytes:
    """Return the content of a plain file.

    Raises FileNotFoundError if there is none, InputCorruptError if it is a link, a pipe or the
    like, or has more bytes than `limit`.
    """
    _require_plain(path, limit)
    with naming(path), os.fdopen(os.open(path, OPEN_PLAIN), "rb") as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise _too_large(path, limit)
    return content


def plain_end(path: Path, limit: int) -> bytes:
    """Return the last bytes of a plain file, at most `limit`.

    Raises FileNotFoundError if there is none, InputCorruptError if it is no plain file.
    """
    _require_plain(path)
    with naming(path), os.fdopen(os.open(path, OPEN_PLAIN), "rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - limit))
        return stream.read(limit)


def read_given(path: Path, limit: int) -> bytes:
    """Return the content of a file that a user names, links followed: at most `limit` + 1 bytes.

    Raises OSError if it can't be read or is a pipe or the like; what is said to be empty, as all
    of /proc is, is not read: some files there wait, or hand out what others wait for.
    """
    with os.fdopen(os.open(path, OPEN_PLAIN & ~os.O_NOFOLLOW), "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        return stream.read(limit + 1) if found.st_size else b""


def is_inside(name: str) -> bool:
    """Return whether a path is relative and leads downwards alone."""
    parts = name.split("/")
    return name.isprintable() and all(part not in ("", ".", "..") for part in parts)


def _not_there(folder: Path, name: str) -> InputCorruptError:
    shown = printable(name, MAX_SHOWN)
    return InputCorruptError(f"{folder} has no plain file {shown!r}; run its stage again")


def _require_plain(path: Path, limit: int | None = None) -> None:
    shown = printable(str(path), MAX_SHOWN)
    try:
        found = path.lstat()
    except FileNotFoundError:
        raise
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise InputCorruptError(f"{shown} can't be read ({why})") from None
    if not stat.S_ISREG(found.st_mode):
        raise InputCorruptError(f"{shown} is no plain file; run its stage again")
    if limit is not None and found.st_size > limit:
        raise _too_large(path, limit)


def _too_large(path: Path, limit: int) -> InputCorruptError:
    return InputCorruptError(f"{path} is larger than {limit / 1e6:.0f} MB; run its stage again")
