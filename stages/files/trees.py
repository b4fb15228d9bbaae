"""Whole folders: made durable, measured and removed, without leaving them by a link or a mount."""

import errno
import os
import shutil
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stages.errors import NotWritableError
from stages.files.descent import Folder, ignore, visits, walk
from stages.files.member import OPEN_PLAIN
from stages.program.naming import naming
from stages.program.user import this_user

FILE_MODE, FOLDER_MODE = 0o644, 0o755
MOUNTS = Path("/proc/self/mountinfo")
# What file systems answer if something is mounted in a folder, opened or written there meanwhile.
IN_USE = (errno.EBUSY, errno.ENOTEMPTY)
# What the system answers if a path is too long, or a file is open for each of too many levels.
TOO_DEEP = (errno.ENAMETOOLONG, errno.EMFILE, errno.ENFILE)
# Deeper than what a stage makes.
MAX_LEVELS = 64
# What file systems answer that have no modes, or can't sync a folder: there is nothing to do.
CAN_NOT = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)


def why_no_folder(path: Path) -> str:
    """Return what a path is if it is there, but is no folder of its own; else nothing."""
    if path.is_symlink():
        return "a symlink"
    if not os.path.lexists(path):
        return ""
    if not path.is_dir():
        return "no folder"
    return "a mount point" if path in _mount_points() or os.path.ismount(path) else ""


def require_unmounted(folder: Path) -> None:
    """Raise NotWritableError if a folder is, or has in it, a mount point: another file system."""
    for _ in _folders_of_its_own(folder):
        pass


def settle(folder: Path) -> None:
    """Make a folder and all in it readable for everyone, and durable on its disk."""
    for path, _, files in os.walk(folder, topdown=False):
        for name in files:
            _settle_one(Path(path, name), FILE_MODE)
        _settle_one(Path(path), FOLDER_MODE)


def make_folder(folder: Path) -> None:
    """Make a folder, durably and readable for everyone whatever the umask, if it is not there."""
    if not folder.is_dir():
        folder.mkdir()
        folder.chmod(FOLDER_MODE)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make what was renamed in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _sync(folder, descriptor)
    finally:
        os.close(descriptor)


def require_removable(folder: Path) -> None:
    """Raise NotWritableError if a folder, or one in it, is another user's, or has a mount point."""
    for name, parent in _folders_of_its_own(folder):
        with suppress(FileNotFoundError):
            own = os.getuid() in (0, os.lstat(name, dir_fd=parent).st_uid)
            if not own and not os.access(name, os.W_OK | os.X_OK, dir_fd=parent):
                raise _anothers(str(folder))


def remove(folder: Path, shown: str = "") -> None:
    """Remove a folder with all in it, whatever its modes.

    Raises NotWritableError, which calls it `shown`, if it is a link or has a mount point in it, or
    if something in it belongs to another user.
    """
    shown = shown or str(folder)
    if why := why_no_folder(folder):
        raise NotWritableError(f"{shown} is {why}, which no stage makes; remove it")
    try:
        for name, parent in _folders_of_its_own(folder):
            _make_accessible(name, parent)
        _remove_all(folder)
    except FileNotFoundError:
        return
    except PermissionError:
        raise _anothers(shown) from None
    except OSError as error:
        if error.errno not in IN_USE:
            raise
        raise NotWritableError(
            f"{shown} can't be removed ({error.strerror}); another program uses it: end that one, "
            "and run this again"
        ) from None


def _anothers(shown: str) -> NotWritableError:
    if os.getuid() == 0:
        return NotWritableError(
            f"{shown} can't be removed by root; something in it is immutable (`chattr -R -i` ends "
            "that), or is on another machine's disk: remove it there"
        )
    return NotWritableError(
        f"{shown} can't be removed by user {this_user()}; remove it as its owner"
    )


def size(folder: Path) -> int:
    """Return how many bytes the files of a folder have, links not followed."""
    total = 0
    for place in walk(folder, ignore):
        for name in place.files:
            with suppress(OSError):  # it may be gone, or be in a folder that only lists it
                total += os.lstat(name, dir_fd=place.descriptor).st_size
    return total


def _remove_all(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except RecursionError:
        _remove_deep(folder)
    except OSError as error:
        if error.errno not in TOO_DEEP:
            raise
        _remove_deep(folder)


def _remove_deep(folder: Path) -> None:
    """Do as rmtree, which opens a file and calls itself for each level, at any depth."""
    for place, is_done in visits(folder):
        for name in () if is_done else place.files:
            os.unlink(name, dir_fd=place.descriptor)
        for name in place.folders if is_done else ():
            os.rmdir(name, dir_fd=place.descriptor)
    folder.rmdir()


def _folders_of_its_own(folder: Path) -> Iterator[tuple[str, int | None]]:
    """Yield a folder and those within, each before those in it: its name, where it is open.

    Raises NotWritableError for a mount.
    """
    if folder in _mount_points() or os.path.ismount(folder):
        raise _mount(folder)
    mounted = {path for path in _mount_points() if folder in path.parents}
    yield str(folder), None
    for place in walk(folder, ignore):
        for name in place.folders:
            if _is_mount(place, name, mounted):
                raise _mount(place.path / name)
            yield name, place.descriptor


def _is_mount(place: Folder, name: str, mounted: Collection[Path]) -> bool:
    if len(place.inner) < MAX_LEVELS:
        return place.path / name in mounted or os.path.ismount(place.path / name)
    # To build and resolve each path would take hours at a thousand levels.
    if mounted and place.path / name in mounted:
        return True
    return os.lstat(name, dir_fd=place.descriptor).st_dev != os.fstat(place.descriptor).st_dev


def _mount(path: Path) -> NotWritableError:
    return NotWritableError(f"{path} is a mount point, which no stage makes; unmount it")


def _make_accessible(name: str, parent: int | None) -> None:
    mode = os.lstat(name, dir_fd=parent).st_mode
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(name, stat.S_IMODE(mode) | stat.S_IRWXU, dir_fd=parent)


def _settle_one(path: Path, mode: int) -> None:
    descriptor = os.open(path, OPEN_PLAIN)
    try:
        with naming(path), _if_supported():
            os.fchmod(descriptor, mode)
        _sync(path, descriptor)
    finally:
        os.close(descriptor)


def _sync(path: Path, descriptor: int) -> None:
    with naming(path), _if_supported():
        os.fsync(descriptor)


@contextmanager
def _if_supported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in CAN_NOT:
            raise


def _mount_points() -> set[Path]:
    try:
        # As bytes and by this space alone: the kernel leaves Unicode's other ones as they are.
        lines = [line.split(b" ") for line in MOUNTS.read_bytes().split(b"\n")]
    except OSError:
        return set()
    return {_unescaped(os.fsdecode(fields[4])) for fields in lines if len(fields) > 4}


def _unescaped(text: str) -> Path:
    """Return a path of mountinfo, in which white space is written as octal numbers."""
    for char in " \t\n\\":
        text = text.replace(f"\\{ord(char):03o}", char)
    return Path(text)
