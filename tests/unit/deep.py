"""Folders with more levels than recursion, open files or a path can have."""

import os
from pathlib import Path

# The path of the last has more than 4096 bytes.
LEVELS = 1_100


def make_deep(top: Path, levels: int = LEVELS, file: str = "", name: str = "dddd") -> None:
    """Make `levels` folders, each in the one before, below a new folder; `file` in the last."""
    top.mkdir()
    place = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=place)
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=place)
        os.close(place)
        place = inner
    if file:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=place))
    os.close(place)


def remove_deep(top: Path) -> None:
    """Remove what make_deep made, as not even pytest can, by bringing each level to the top."""
    if not top.is_dir() or top.is_symlink():
        return
    aside = top.with_name(f"{top.name}.rest")
    while inner := [path for path in top.iterdir() if path.is_dir()]:
        inner[0].rename(aside)
        for path in top.iterdir():
            path.unlink()
        top.rmdir()
        aside.rename(top)
    for path in top.iterdir():
        path.unlink()
    top.rmdir()
