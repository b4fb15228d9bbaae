"""Whether a file system has room left, and how programs say that it has none.

Standard library only, as stages/errors uses it.
"""

import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from stages.program.causes import causes_of

FULL = (errno.ENOSPC, errno.EDQUOT)
# Words of the system, of programs in Go, of Python, and of tensorflow-datasets, in small letters.
WORDS = (
    "no space left on device",
    "disk quota exceeded",
    "[errno 28]",
    "[errno 122]",
    "not enough disk space",
)
# With fewer free bytes, a failure of no known cause is a full disk: little can be written then.
MIN_FREE = 16 << 20
TEMPORARY = ("TMPDIR", "TEMP", "TMP")


def says_full(text: str) -> bool:
    """Return whether a program's words say that no space is left."""
    lowered = text.lower()
    return any(words in lowered for words in WORDS)


def is_said_by(error: BaseException) -> bool:
    """Return whether an error, or one that led to it, says that no space is left."""
    return any(
        getattr(cause, "errno", None) in FULL or says_full(str(cause)) for cause in causes_of(error)
    )


def full_among(folders: Iterable[Path]) -> Path | None:
    """Return the first of `folders` on whose file system no room is left, None if all have some."""
    return next((folder for folder in folders if _is_full(folder)), None)


def temporary_folder() -> Path:
    """Return the folder for temporary files that the environment asks for.

    Unlike tempfile's, it is the same if it is full.
    """
    named = (os.environ.get(variable) for variable in TEMPORARY)
    return Path(next(filter(None, named), "/tmp"))


def _is_full(folder: Path) -> bool:
    """Try it: what statvfs says knows of no quota."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            os.posix_fallocate(probe.fileno(), 0, MIN_FREE)
    except OSError as error:
        return error.errno in FULL
    return False
