"""Folders of pictures as users have them; no file needs to be a picture to be listed."""

import os
from collections.abc import Iterable
from pathlib import Path


def folder_with(folder: Path, names: Iterable[str]) -> Path:
    """Return a folder that has files of these names, each with its name in it."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))
    return folder


def names(place: str, count: int, ending: str = "jpg") -> list[str]:
    return [f"{place}/{number}.{ending}" for number in range(count)]
