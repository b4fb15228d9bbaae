"""Copy a folder that others wrote: plain files and folders, and nothing that leads elsewhere.

Standard library only, as docker/host/airgap.py uses it.
"""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from stages.errors import InputCorruptError
from stages.files.descent import ignore, walk
from stages.files.member import OPEN_PLAIN
from stages.program.printable import shortened

# Far more than a hub's modules and data sets have.
MAX_LEVELS = 64


def copy_plain(
    source: Path, target: Path, is_left_out: Callable[[str], bool] = lambda _: False
) -> list[str]:
    """Copy a folder to `target`, which is there and empty, with plain modes.

    `is_left_out` is asked for each relative path. Return what else was not copied: links, devices,
    pipes and sockets, and files of another user that also have a name elsewhere. Raises
    InputCorruptError if it is deeper than what a stage leaves.
    """
    refused: list[str] = []
    owner = source.lstat().st_uid
    for place in walk(source, ignore):
        for name in (*place.folders, *place.files):
            path = "/".join((*place.inner, name))
            if is_left_out(path):
                place.folders[:] = [folder for folder in place.folders if folder != name]
            elif len(place.inner) >= MAX_LEVELS:
                raise InputCorruptError(
                    f"{shortened(str(source / path))} is more than {MAX_LEVELS} folders deep, "
                    "where no stage writes; remove it"
                )
            elif not _copy_one(name, place.descriptor, target / path, owner):
                refused.append(path)
    return refused


def _copy_one(name: str, folder: int, target: Path, owner: int) -> bool:
    """Copy a file, or make a folder as the one called `name`; return whether it is either."""
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if stat.S_ISDIR(mode):
        target.mkdir()
        return True
    if not stat.S_ISREG(mode):
        return False
    with open(os.open(name, OPEN_PLAIN, dir_fd=folder), "rb") as content:
        found = os.fstat(content.fileno())
        if not stat.S_ISREG(found.st_mode) or (found.st_nlink > 1 and found.st_uid != owner):
            return False
        with target.open("xb") as copy:
            shutil.copyfileobj(content, copy, 2**20)
    return True
