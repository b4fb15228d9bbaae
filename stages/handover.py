"""How a stage hands over its folder: all of it, checksummed, or nothing.

A stage writes to a temporary folder beside its own and the two are swapped once all is written,
so a failure leaves the earlier artifacts untouched.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.artifacts import CHECKSUMS, sha256
from stages.errors import NotWritableError


@contextmanager
def handing_over(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder to write to; on success it becomes `folder`, with checksums.

    On failure it is removed and `folder` stays as it was. Raises NotWritableError if the artifacts
    folder can't be written.
    """
    _require_writable(folder.parent)
    partial, previous = (folder.with_name(f".{folder.name}.{kind}") for kind in ("new", "old"))
    _clear_left_overs(folder, partial, previous)
    partial.mkdir()
    try:
        yield partial
        write_checksums(partial)
        if folder.exists():
            folder.rename(previous)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(previous, ignore_errors=True)


def _require_writable(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        writable = os.access(root, os.W_OK | os.X_OK)
    except (FileExistsError, NotADirectoryError, PermissionError):
        writable = False
    if not writable:
        raise NotWritableError(
            f"{root} can't be written by user {os.getuid()}; "
            "make the folder writable or set VGG19_ARTIFACTS"
        )


def _clear_left_overs(folder: Path, partial: Path, previous: Path) -> None:
    if previous.exists() and not folder.exists():  # killed between the two renames
        previous.rename(folder)
    for left_over in (partial, previous):
        shutil.rmtree(left_over, ignore_errors=True)


def write_checksums(folder: Path) -> None:
    """Write the list of the sha256 of all files in a folder, as the last file in it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
