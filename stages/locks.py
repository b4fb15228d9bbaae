"""The folder of the locks on measured cores, which all users of a machine share.

It is in a folder that anyone may write to, so anyone may have made something else by its name.
`python -m stages.locks` is for the service `locks` of compose.yaml: it opens the folder that the
engine made to all users, and needs to own it for that, no more.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.errors import NotWritableError, exit_code_of
from stages.files.descent import FOLDER
from stages.program.user import this_user

SHARED = Path("/dev/shm/vgg19-locks")
# Where it is within a container. There the kernel says what was mounted.
MOUNTED = Path("/locks")
MOUNTS = Path("/proc/self/mountinfo")
# All may make files in it, and remove their own alone.
OPEN_TO_ALL = 0o1777


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """Yield a descriptor of `folder`, whose files no user but its owner can replace.

    The shared one is made if it is missing. Raises NotWritableError if it is none, or not safe.
    """
    if folder == SHARED:
        prepare(folder)
    descriptor = _open(folder)
    try:
        _require_safe(folder, os.fstat(descriptor))
        yield descriptor
    finally:
        os.close(descriptor)


def prepare(folder: Path = SHARED) -> None:
    """Make `folder` if it is missing, and open it to all users if it is this user's.

    Raises NotWritableError if it can't be made, or something else has its name.
    """
    _make(folder)
    descriptor = _open(folder)
    try:
        state = os.fstat(descriptor)
        if state.st_uid == os.getuid() and stat.S_IMODE(state.st_mode) != OPEN_TO_ALL:
            os.fchmod(descriptor, OPEN_TO_ALL)
    finally:
        os.close(descriptor)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except (FileNotFoundError, NotADirectoryError):
        raise NotWritableError(
            f"{folder.parent}, where the folder of the locks on cores is made, is missing, or no "
            f"folder; mount one there, as root: `mount -t tmpfs tmpfs {folder.parent}`"
        ) from None
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise NotWritableError(
            f"{folder}, the folder of the locks on cores, can't be made ({error.strerror}); "
            f"have all users write to {folder.parent}, or set VGG19_LOCKS, for all runs alike"
        ) from None


def _open(folder: Path) -> int:
    try:
        return os.open(folder, FOLDER)
    except FileNotFoundError:
        raise NotWritableError(f"{folder}, the folder of the locks, is missing; make it") from None
    except PermissionError:
        raise _refusal(folder, f"can't be opened by user {this_user()}") from None
    except OSError:
        raise _refusal(folder, "is no folder that can be opened") from None


def _require_safe(folder: Path, state: os.stat_result) -> None:
    """Raise NotWritableError if this user can't write to it, or others could replace files."""
    shared = state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if shared and not state.st_mode & stat.S_ISVTX:
        raise _refusal(folder, "lets any user remove the locks of others (no sticky bit)")
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        raise NotWritableError(
            f"{_on_host(folder)}, the folder of the locks on cores, is read-only; have it mounted "
            "again for writing, or set VGG19_LOCKS to another, for all runs alike"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refusal(folder, f"can't be written by user {this_user()}")


def _refusal(folder: Path, why: str) -> NotWritableError:
    place = _on_host(folder)
    remedy = f"remove it as root when nothing is measured (rm -r {place}), and it is made again"
    if place != SHARED:
        remedy = "set VGG19_LOCKS to one that all who measure may write to, or unset it"
    return NotWritableError(f"{place}, the folder of the locks on cores, {why}; {remedy}")


def _on_host(folder: Path) -> Path:
    return SHARED if folder == MOUNTED else folder


def main() -> None:
    """Open the mounted folder to all; refuse one that is not the folder that it should be."""
    # What is mounted could be any folder of the machine, if its name was a symbolic link.
    if not is_mounted(SHARED.name, MOUNTED):
        raise _refusal(MOUNTED, "is another folder")
    prepare(MOUNTED)
    with opened(MOUNTED):
        pass


def is_mounted(name: str, place: Path, mounts: Path = MOUNTS) -> bool:
    """Return whether a folder called `name`, at the top of a tmpfs, is what is at `place`."""
    for line in mounts.read_text(errors="replace").split("\n"):
        fields, _, source = line.partition(" - ")
        _, _, _, root, where = fields.split(" ")[:5] if fields.count(" ") >= 4 else 5 * [""]
        if where == str(place):
            return root == f"/{name}" and source.split(" ")[0] == "tmpfs"
    return False


if __name__ == "__main__":
    sys.exit(exit_code_of("locks", main))
