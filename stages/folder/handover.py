"""How a stage hands over its folder: all of it, checksummed and durable, or nothing.

A stage writes to a temporary folder beside its own and the two are swapped once all is written,
so a failure leaves the earlier artifacts untouched.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stages.errors import NotWritableError, StageError
from stages.files import left_overs, trees
from stages.files.checksums import write_checksums
from stages.folder.full_disk import noticing
from stages.folder.usable import require_replaceable
from stages.program.signals import disregard
from stages.program.user import this_user


@contextmanager
def handing_over(
    folder: Path,
    stays: Callable[[Path], bool] = lambda _: False,
    keep: Callable[[Path], bool] | None = None,
    *,
    last: bool = False,
) -> Iterator[Path]:
    """Yield a temporary folder to write to; on success it becomes `folder`, with checksums.

    On failure it is removed and `folder` stays as it was; so too if `stays`, which gets what was
    written, returns True. The earlier folder is removed unless `keep`, which may move it elsewhere,
    returns True; without `keep`, whoever recovers after a kill does not keep it either. If it
    is the `last` that a program does, no signal interrupts it once `folder` is in its place. Raises
    NotWritableError if the folder above can't be written, or if `folder` has what no stage made;
    DiskFullError for any failure that a full disk is behind.
    """
    _require_writable(folder.parent)
    # What is to be kept, and could not be so far, stays: see access.py.
    left_overs.clear(folder.parent, [folder.name], lambda _: True)
    require_replaceable(folder)
    partial = left_overs.new_folder(folder)
    try:
        with noticing(partial):
            yield partial
            write_checksums(partial)
            trees.settle(partial)
        if not stays(partial):
            require_replaceable(folder)  # as it is now: a stage may take hours
            put_in_place(partial, folder, keep, last=last)
    finally:
        with suppress(StageError, OSError):
            trees.remove(partial)


def put_in_place(
    partial: Path, folder: Path, keep: Callable[[Path], bool] | None, *, last: bool
) -> None:
    """Give `partial` the name of `folder`, and remove the folder that had it, unless `keep` did.

    A failure on the way gives it back to the earlier one; so does the next command, if this process
    is killed.
    """
    previous = left_overs.old_name(partial, is_kept=keep is not None)
    try:
        if folder.exists():
            folder.rename(previous)
        partial.rename(folder)
        trees.sync_folder(folder.parent)
        if last:
            disregard()
    except BaseException:
        _put_back(partial, folder, previous)
        raise
    with suppress(StageError, OSError):  # the next command says why it can't be removed
        if previous.exists() and not (keep and keep(previous)):
            trees.remove(previous)


def _put_back(partial: Path, folder: Path, previous: Path) -> None:
    if folder.exists() and not partial.exists():
        folder.rename(partial)
    if previous.exists() and not folder.exists():
        previous.rename(folder)


def _require_writable(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        writable = os.access(root, os.W_OK | os.X_OK)
    except (FileExistsError, NotADirectoryError, PermissionError):
        writable = False
    if not writable:
        raise NotWritableError(
            f"{root} can't be written by user {this_user()}; "
            "make the folder writable or set VGG19_ARTIFACTS"
        )
