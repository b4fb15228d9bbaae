"""What a killed command left beside a folder: an unfinished one, or the one that it replaces.

A folder NAME is written as `.NAME.XXXX.new`; the one before it becomes `.NAME.XXXX.old` while the
two are swapped. Earlier versions left the XXXX out.
"""

import os
import re
import tempfile
from collections.abc import Collection
from pathlib import Path

from stages import trees

PATTERN = re.compile(r"\.(?P<name>.+?)(?:\.[a-z0-9_]{8})?\.(?:new|old)")
NEW, OLD = ".new", ".old"


def new_folder(folder: Path) -> Path:
    """Make the folder in which what will be `folder` is written, and return it."""
    return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=NEW, dir=folder.parent))


def old_name(new: Path) -> Path:
    """Return what a folder is called while `new` takes its name."""
    return new.with_suffix(OLD)


def owner_of(path: Path) -> str:
    """Return the name of the folder that a path was left beside, nothing if it is no left-over."""
    match = PATTERN.fullmatch(path.name)
    return match["name"] if match else ""


def clear(parent: Path, names: Collection[str] = ()) -> None:
    """Restore each folder in `parent` that a kill took away, and remove what else kills left.

    With `names`, only what was left beside these. Nothing may be writing there. Raises
    NotWritableError if something can't be removed.
    """
    left = [path for path in parent.iterdir() if owner_of(path)]
    for path in sorted(left, key=lambda path: path.lstat().st_ctime_ns, reverse=True):
        if not names or owner_of(path) in names:
            _deal_with(path, parent / owner_of(path))


def _deal_with(path: Path, folder: Path) -> None:
    lost = path.suffix == OLD and not os.path.lexists(folder)
    if lost and not trees.why_no_folder(path):  # killed between the two renames
        path.rename(folder)
        trees.sync_folder(folder.parent)
    else:
        trees.remove(path)


def discard(folder: Path) -> None:
    """Remove a folder; if this is killed on the way, what is left of it is a left-over."""
    unfinished = new_folder(folder)
    folder.rename(unfinished)
    trees.remove(unfinished)
