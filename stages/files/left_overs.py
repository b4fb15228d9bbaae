"""What a killed command left beside a folder or file: an unfinished one, or the one it replaces.

Their names are those of program/left_over_name.py.
"""

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from glob import escape
from pathlib import Path

from stages.files import trees
from stages.files.checksums import CHECKSUMS
from stages.program.left_over_name import PATTERN

NEW, OLD, GONE = ".new", ".old", ".gone"
# A name may have 255 bytes, a character up to four of them.
MAX_NAME = 50
MAX_LEVELS = 8
# Longer than any file takes to write.
WRITING_S = 60.0


def new_folder(folder: Path) -> Path:
    """Make the folder in which what will be `folder` is written, and return it."""
    return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=NEW, dir=folder.parent))


def new_file(path: Path) -> tuple[int, Path]:
    """Make the file in which what will be `path` is written; return its descriptor and its path."""
    prefix = f".{path.name[:MAX_NAME]}."
    descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=NEW, dir=path.parent)
    return descriptor, Path(name)


def clear_files(path: Path) -> None:
    """Remove what killed programs left of `path` as a file, as far as this user can.

    What is newer than a minute may be another's, who is still writing.
    """
    for left in path.parent.glob(f".{escape(path.name[:MAX_NAME])}.????????{NEW}"):
        with suppress(OSError):
            if left.is_file() and time.time() - left.lstat().st_mtime > WRITING_S:
                left.unlink()


def old_name(new: Path, *, is_kept: bool) -> Path:
    """Return what a folder is called while `new` takes its name, which says if it is to be kept."""
    return new.with_suffix(OLD if is_kept else GONE)


def owner_of(path: Path) -> str:
    """Return the name of the folder that a path was left beside, nothing if it is no left-over."""
    match = PATTERN.fullmatch(path.name)
    return match["name"] if match else ""


def clear(
    parent: Path, names: Collection[str] = (), keep: Callable[[Path], bool] = lambda _: False
) -> None:
    """Restore each folder in `parent` that a kill took away, and remove what else kills left.

    With `names`, only what was left beside these. A folder that another has replaced is not removed
    if it was to be kept, and `keep`, which may move it elsewhere, returns True. Nothing may be
    writing there. Raises NotWritableError if something can't be removed.
    """
    left = [path for path in parent.iterdir() if owner_of(path)]
    for path in sorted(left, key=lambda path: path.lstat().st_ctime_ns, reverse=True):
        if not names or owner_of(path) in names:
            _deal_with(path, parent / owner_of(path), keep)


def lost(parent: Path, names: Collection[str]) -> list[str]:
    """Return those of `names` that a kill took away, as `clear` would give them back."""
    left = (path for path in parent.iterdir() if _is_lost(path))
    return [owner_of(path) for path in left if owner_of(path) in names]


def _is_lost(path: Path) -> bool:
    folder = path.parent / owner_of(path)
    return bool(owner_of(path)) and path.suffix in (OLD, GONE) and not os.path.lexists(folder)


def _deal_with(path: Path, folder: Path, keep: Callable[[Path], bool]) -> None:
    if _is_lost(path) and not trees.why_no_folder(path):  # killed between the two renames
        path.rename(folder)
        trees.sync_folder(folder.parent)
    elif path.suffix != OLD or not keep(path):
        trees.remove(path, f"what a killed command left of {folder} as {path.name}")


def clear_below(top: Path, levels: int = MAX_LEVELS) -> None:
    """Do as `clear` does in `top` and in the folders below, and remove unfinished files there.

    It looks `levels` deep, which is deeper than anything is written that can be left over.

    What was handed over, and so has a list of checksums, is left as it is. Raises NotWritableError
    if something can't be removed.
    """
    for path in [path for path in top.iterdir() if owner_of(path)]:
        if path.suffix == NEW and path.is_file() and not path.is_symlink():
            path.unlink()
    clear(top)
    for folder in _unlisted_folders(top) if levels else ():
        clear_below(folder, levels - 1)


def _unlisted_folders(parent: Path) -> Iterator[Path]:
    for path in sorted(parent.iterdir()):
        is_own = path.is_dir() and not path.is_symlink() and os.access(path, os.R_OK | os.X_OK)
        if is_own and not (path / CHECKSUMS).exists():
            yield path


def discard(folder: Path) -> None:
    """Remove a folder; if this is killed on the way, what is left of it is a left-over."""
    # Without a folder to take the place of, for which a full disk has no room.
    unfinished = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{NEW}")
    folder.rename(unfinished)
    trees.remove(unfinished, f"what is left of {folder}, now {unfinished.name},")
