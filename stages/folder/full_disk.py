"""A full disk is said to be one, whatever its failure looks like.

Libraries wrap the system's error in their own, children die of it, and what they write is cut off.
So whatever fails while a folder is written to is held against what room there is.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stages.errors import (
    DiskFullError,
    EngineError,
    InputCorruptError,
    ModelError,
    NotWritableError,
    ProofError,
    StageError,
    WorkerError,
    from_os_error,
)
from stages.folder.scratch import locked_folder
from stages.program import disk_space
from stages.program.printable import printable

# The kinds that a full disk may be behind; the others have another cause for certain.
MASKS = (EngineError, InputCorruptError, ModelError, ProofError, WorkerError)
MAX_DETAIL = 300


@contextmanager
def noticing(*folders: Path) -> Iterator[None]:
    """Raise DiskFullError in place of a failure that a full disk is behind.

    `folders` are those that are written to within the context, beside the temporary one. It is to
    be left before they are removed, with which the room comes back.
    """
    try:
        yield
    except Exception as error:
        require_no_full_disk(error, *folders)
        raise


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """Yield a temporary folder, which is removed in the end; what fills it up is noticed.

    Raises DiskFullError, or NotWritableError if there can be none.
    """
    with temporary_directory(prefix) as name:
        try:
            yield Path(name)
        except Exception as error:
            # What only says that some disk is full is for whoever knows the other folders.
            if disk_space.full_among([Path(name)]):
                require_no_full_disk(error, Path(name))
            raise


@contextmanager
def temporary_directory(prefix: str) -> Iterator[str]:
    """Yield a temporary folder; DiskFullError, or NotWritableError, if there can be none."""
    with ExitStack() as stack:
        yield _entered(stack, prefix)


def _entered(stack: ExitStack, prefix: str) -> str:
    try:
        return stack.enter_context(locked_folder(prefix))
    except OSError as error:
        require_no_full_disk(error)
        why = error.strerror or error
        raise NotWritableError(
            f"there is no folder for temporary files ({why}); set TMPDIR"
        ) from None


def require_room(*folders: Path) -> None:
    """Raise DiskFullError if there is none: what other programs wrote may be cut off, unsaid."""
    place = disk_space.full_among(folders)
    if place:
        raise _full(str(place))


def require_no_full_disk(error: Exception, *folders: Path) -> None:
    """Raise DiskFullError if that is behind `error`, which came of writing to `folders`."""
    if isinstance(error, DiskFullError):
        raise error
    if isinstance(error, StageError) and not isinstance(error, MASKS):
        return
    places = [*folders, disk_space.temporary_folder()]
    place, said = disk_space.full_among(places), disk_space.is_said_by(error)
    if not place and not said:
        return
    known = from_os_error(error) if getattr(error, "filename", None) else None
    if isinstance(known, DiskFullError):
        raise known from error
    detail = "" if place and said else _detail(error)
    raise _full(str(place or _either(places)), detail) from error


def _either(places: Sequence[Path]) -> str:
    return " or ".join(dict.fromkeys(map(str, places)))


def _detail(error: Exception) -> str:
    """Return what failed, without its remedy."""
    if isinstance(error, StageError):
        return printable(str(error).partition(";")[0], MAX_DETAIL)
    return printable(f"{type(error).__name__}: {error}", MAX_DETAIL)


def _full(place: str, detail: str = "") -> DiskFullError:
    what = f" ({detail})" if detail else ""
    return DiskFullError(f"no space left at {place}{what}; free some and run this again")
