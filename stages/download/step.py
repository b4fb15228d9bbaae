"""A step of download: one file whose checksum is known, brought to its place."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

from stages.common.progress import Progress
from stages.download.content import has_content, why_not
from stages.download.failures import Failure, error_of
from stages.download.fetch import Show, fetch, landing
from stages.download.limits import Wanted
from stages.files.limits import MB
from stages.program.host_path import shown

# Its name for people, and a function that carries it out.
Get: TypeAlias = Callable[[Progress], None]
Step: TypeAlias = tuple[str, Get]


def of_file(
    wanted: Wanted, path: Path, kept: Iterable[Path] = (), silent: set[str] | None = None
) -> Iterator[Step]:
    """Yield the step for a file that is to be at `path`, unless it is there.

    It is taken from one of the places `kept`, if its checksum fits, before it is downloaded. The
    hosts `silent`, which files may share, are those that `fetch` asks last.
    """
    if has_content(wanted, path):
        return
    if os.path.lexists(path):
        print(shown(f"{path} is damaged; getting it again"), flush=True)
    if place := next((place for place in kept if _is_there(wanted, place)), None):
        yield f"{wanted.what} (from {place})", lambda _: _take(wanted, place, path)
        return
    yield wanted.what, partial(_fetch, wanted, path, silent)


def _fetch(wanted: Wanted, path: Path, silent: set[str] | None, progress: Progress) -> None:
    fetch(wanted, path, show(progress), progress.note, silent=silent)


def show(progress: Progress) -> Show:
    """Return what shows, in MB, how far a download is."""
    return lambda done, total: progress.update(done // MB, total // MB)


def _is_there(wanted: Wanted, place: Path) -> bool:
    """Return whether a file is the one that is wanted; say so if it is there, and is not."""
    try:
        if not os.path.lexists(place):
            return False
        if not place.is_file():
            print(shown(f"{place} is no file, or a link that leads nowhere; not taken"), flush=True)
            return False
        with place.open("rb") as file:
            failure = why_not(wanted, file)
    except OSError as error:
        failure = Failure(f"it can't be read ({error.strerror})", "")
    if failure:
        print(shown(f"{place} is not {wanted.what}: {failure.cause}; not taken"), flush=True)
    return not failure


def _take(wanted: Wanted, place: Path, path: Path) -> None:
    """Copy a file, and check the copy: another program may write to the place."""
    with landing(path) as file, place.open("rb") as source:
        shutil.copyfileobj(source, file)
        if failure := why_not(wanted, file):
            raise error_of(wanted, {str(place): failure})
