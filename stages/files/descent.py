"""Go through a folder whatever its depth: without recursion, and without long paths.

A stranger may have made a thousand levels, more than Python's recursion, the open files of a
process or the 4096 bytes of a path allow. So one folder is open at a time, and is left by its "..".
"""

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
OnError = Callable[[OSError], None]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on the way: its descriptor until the next one, and the names in it.

    What is taken out of `folders` is not gone into. `files` are all else, links among them. `inner`
    are the names that lead to it from the top.
    """

    top: Path
    inner: tuple[str, ...]
    descriptor: int
    folders: list[str]
    files: list[str]

    @property
    def path(self) -> Path:
        """Its path, which takes long to build at a great depth."""
        return self.top.joinpath(*self.inner)


def ignore(_: OSError) -> None:
    """Leave out what can't be read."""


def refuse(error: OSError) -> None:
    """Raise the error of what can't be read."""
    raise error


def walk(top: Path, on_error: OnError = refuse) -> Iterator[Folder]:
    """Yield a folder and all those in it, each before those in it, links not followed.

    `on_error` gets the OSError of each that can't be read. Raises OSError if a folder is moved
    meanwhile.
    """
    for folder, done in visits(top, on_error):
        if not done:
            yield folder


def visits(top: Path, on_error: OnError = refuse) -> Iterator[tuple[Folder, bool]]:
    """Yield each folder twice: with False before those in it, with True after them."""
    try:
        place = _Place(top)
    except OSError as error:
        on_error(error)
        return
    try:
        yield from _below(place, on_error)
    finally:
        os.close(place.descriptor)


def _below(place: "_Place", on_error: OnError) -> Iterator[tuple[Folder, bool]]:
    trail: list[tuple[Folder, Iterator[str]]] = []
    while True:
        if place.is_new:
            folder = _listed(place, on_error)
            yield folder, False
            trail.append((folder, iter(folder.folders)))
        folder, names = trail[-1]
        name = next(names, None)
        if name is not None:
            _enter(place, name, on_error)
            continue
        yield replace(folder, descriptor=place.descriptor), True
        trail.pop()
        if not trail:
            return
        place.leave()


def _enter(place: "_Place", name: str, on_error: OnError) -> None:
    try:
        place.enter(name)
    except OSError as error:
        error.filename = str(place.top.joinpath(*place.inner, name))
        on_error(error)


def _listed(place: "_Place", on_error: OnError) -> Folder:
    place.is_new = False
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(place.descriptor) as entries:
            for entry in entries:
                (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    except OSError as error:
        error.filename = str(place.top.joinpath(*place.inner))
        on_error(error)
    return Folder(place.top, tuple(place.inner), place.descriptor, sorted(folders), sorted(files))


class _Place:
    """Where the walk is: an open folder, and which folders it came through."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.inner: list[str] = []
        self.descriptor = os.open(top, FOLDER)
        self.is_new = True
        self._came_through: list[tuple[int, int]] = []

    def enter(self, name: str) -> None:
        """Go into a folder; OSError if it can't be opened, or not be left again."""
        inner = os.open(name, FOLDER, dir_fd=self.descriptor)
        try:
            os.stat("..", dir_fd=inner)
        except OSError:
            os.close(inner)
            raise
        self._came_through.append(_identity(self.descriptor))
        self.inner.append(name)
        self._be_at(inner)
        self.is_new = True

    def leave(self) -> None:
        """Go back; OSError if the folder is elsewhere by now."""
        outer = os.open("..", FOLDER, dir_fd=self.descriptor)
        if _identity(outer) != self._came_through.pop():
            os.close(outer)
            raise OSError(errno.ESTALE, "it was moved meanwhile", str(self.top))
        self.inner.pop()
        self._be_at(outer)

    def _be_at(self, descriptor: int) -> None:
        os.close(self.descriptor)
        self.descriptor = descriptor


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino
