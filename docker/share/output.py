"""A file that a task is asked to write: refused at once if it can't be, and there only whole."""

import fcntl
import lzma
import os
import re
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from docker.host import asking
from stages.errors import ArtifactsBusyError, DiskFullError, NotWritableError
from stages.files.trees import sync_folder
from stages.folder.usable import resolved
from stages.program import disk_space
from stages.program.printable import printable
from stages.program.user import this_user

# No other program's files end so: what is left of those whose maker was killed is removed.
PART = ".vgg19-part"
LEFT_OVER = re.compile(rf"\..+\.[a-z0-9_]{{8}}{re.escape(PART)}", re.DOTALL)
MAX_PREFIX = 100


def require_writable(output: Path, artifacts: Path) -> None:
    """Raise NotWritableError if a file can't be written, or would be among the artifacts."""
    path = _resolved(output)
    folder = path.parent
    if path.is_dir():
        raise NotWritableError(f"{output} is a folder; give the name of a file")
    if os.path.lexists(path) and not path.is_file():
        raise NotWritableError(f"{output} is no plain file; give another name")
    if not folder.is_dir():
        raise NotWritableError(f"{folder} is no folder that is there; create it, or give another")
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise _refusal(output)
    root = resolved(artifacts)
    if root == folder or root in folder.parents:
        raise NotWritableError(f"{output} would be among the artifacts; give another folder")
    with _naming_a_full_disk(folder):
        descriptor, part = _make_part(path)  # root may write anywhere, but not to /proc
    os.close(descriptor)
    part.unlink(missing_ok=True)


def agree_to_replace(
    output: Path, is_ours: Callable[[Path], bool], flag: str = "--output"
) -> list[str]:
    """Return what to say of a file that will be replaced, nothing if there is none.

    A person at a terminal is asked first. Raises NotWritableError if the answer is no, or if the
    file is none of those that the task writes, as `is_ours` has it; `flag` gives another.
    """
    try:
        found = output.stat()
    except FileNotFoundError:
        return []
    which = f"the file {printable(str(output))}{_written(found.st_mtime)}"
    if found.st_size and not is_ours(output):
        raise NotWritableError(f"{which} is another program's; give another name by {flag}")
    if asking.is_possible() and not asking.agreed(f"Replace {which}?"):
        raise NotWritableError(f"{which} stays as it is; give another name by {flag}")
    return [f"replaced {which}"]


def _written(seconds: float) -> str:
    """Return when a file was written, for a person; nothing for a time that no calendar has."""
    with suppress(ValueError, OverflowError, OSError):
        return f" of {datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"
    return ""


def begins(text: str, path: Path) -> bool:
    """Return whether a file begins with a text."""
    start = text.encode()
    try:
        with path.open("rb") as stream:
            return stream.read(len(start)) == start
    except OSError:
        return False


def holds_first(name: str, path: Path) -> bool:
    """Return whether a file is a tar, compressed or not, whose first member has a name."""
    try:
        with tarfile.open(path) as tar:
            first = tar.next()
    except (OSError, EOFError, tarfile.TarError, zlib.error, lzma.LZMAError):
        return False
    return first is not None and first.name.startswith(name)


@contextmanager
def written_whole(output: Path) -> Iterator[Path]:
    """Yield the path of a file to write, which on success takes the place of `output`.

    On failure it is removed, and `output` stays as it was. If this is killed, the next call for a
    file in the same folder removes it.
    """
    path = _resolved(output)
    with _naming_a_full_disk(path.parent):
        descriptor, part = _make_part(path)
        try:
            yield part
            _settle(part)
            _put(part, path)
            sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
            os.close(descriptor)


def _put(part: Path, path: Path) -> None:
    """Let a file take the place of another, which the folder may not allow: a sticky one."""
    try:
        part.replace(path)
    except PermissionError:
        raise _refusal(path) from None


@contextmanager
def writing_alone(folder: Path) -> Iterator[None]:
    """Keep others that write several files to a folder out of it: theirs must not mix.

    Raises ArtifactsBusyError if another is writing there. The lock is on the folder itself, so that
    nothing is left in it; on a file system without locks there is none.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            if _is_locked(descriptor):
                raise ArtifactsBusyError(
                    f"another command is writing to {folder}; wait until it ends"
                )
        yield
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def write_together(folder: Path, texts: Mapping[str, str]) -> None:
    """Write texts to files of these names; none is replaced before all are there whole."""
    with ExitStack() as stack:
        for name, text in texts.items():
            part = stack.enter_context(written_whole(folder / name))
            part.write_text(text, encoding="utf-8")


@contextmanager
def _naming_a_full_disk(folder: Path) -> Iterator[None]:
    """Let it be said of the folder that is written to, which no error about an open file names."""
    try:
        yield
    except OSError as error:
        if error.errno not in disk_space.FULL:
            raise
        raise DiskFullError(
            f"no space left in {folder}; free some, or give a name in another folder"
        ) from None


def _resolved(output: Path) -> Path:
    try:
        return output.resolve()
    except (OSError, RuntimeError):
        raise NotWritableError(f"{output} is a symlink that leads nowhere; give another") from None


def _make_part(path: Path) -> tuple[int, Path]:
    """Make the file in which `path` is written; return its descriptor, locked, and its path."""
    _remove_left_overs(path.parent)
    prefix = f".{path.name[:MAX_PREFIX]}."
    while True:
        try:
            descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=PART, dir=path.parent)
        except OSError as error:
            raise error if error.errno in disk_space.FULL else _refusal(path) from None
        with suppress(OSError):  # without locks, what a kill leaves is there for good
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor, Path(name)
        os.close(descriptor)  # another took it for a left-over before it was locked


def _remove_left_overs(folder: Path) -> None:
    """Remove the files of those that were killed: whoever is alive has locked its own."""
    with suppress(OSError):
        for path in folder.iterdir():
            if LEFT_OVER.fullmatch(path.name):
                with suppress(OSError):
                    _remove_unlocked(path)


def _remove_unlocked(path: Path) -> None:
    """Remove a file of this user; OSError if another process has locked it, or may have."""
    # Neither follow a link nor wait for a pipe; on NFS, only who may write may lock.
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    finally:
        os.close(descriptor)


def _refusal(output: Path) -> NotWritableError:
    return NotWritableError(f"{output} can't be written by user {this_user()}; give another")


def _settle(path: Path) -> None:
    """Make a file durable, with the mode of one that is made the plain way."""
    umask = os.umask(0)
    os.umask(umask)
    with path.open("rb") as stream:
        os.fchmod(stream.fileno(), 0o666 & ~umask)
        os.fsync(stream.fileno())
