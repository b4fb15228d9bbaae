"""Copy a folder that others wrote: plain files and folders, and nothing that leads elsewhere.

Standard library only, as docker/host/airgap.py uses it.
"""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from stages.files.member import OPEN_PLAIN


def copy_plain(
    source: Path, target: Path, is_left_out: Callable[[str], bool] = lambda _: False
) -> list[str]:
    """Copy a folder to `target`, which is there and empty, with plain modes.

    `is_left_out` is asked for each relative path. Return what else was not copied: links, devices,
    pipes and sockets, and files of another user that also have a name elsewhere.
    """
    refused: list[str] = []
    owner = source.lstat().st_uid
    for place, folders, files, descriptor in os.fwalk(source, follow_symlinks=False):
        inner = Path(place).relative_to(source)
        for name in (*folders, *files):
            path = (inner / name).as_posix()
            if is_left_out(path):
                folders[:] = [folder for folder in folders if folder != name]
            elif not _copy_one(name, descriptor, target / path, owner):
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
