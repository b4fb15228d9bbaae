"""What no stage made, within the folders in the artifacts that are known: it is refused."""

import re
from collections.abc import Iterator
from pathlib import Path

from stages.artifacts import CACHE_FOLDERS, Artifacts
from stages.errors import NotWritableError
from stages.files import left_overs, trees
from stages.files.checksums import CHECKSUMS, names_listed, plain_files
from stages.program.printable import shortened
from stages.program.user import this_user
from stages.runtimes import RUNTIME_NAMES
from stages.stage_folders import ProfileFolder, StageFolder, TrialFolder, places

REMEDY = "set VGG19_ARTIFACTS to another folder"
# When a kept measurement was made. A number follows, one more than before, from each on that was
# made no later than what was kept before it: a clock was set back, or both are of one second.
KEPT = re.compile(r"(?P<made>[0-9]{8}T[0-9]{6}Z)(-(?P<number>[0-9]+))?")


def foreign(path: Path) -> NotWritableError:
    """Return the error to raise for what no stage made."""
    shown = shortened(str(path))
    return NotWritableError(
        f"{shown} is there, which no stage made; move it elsewhere, or {REMEDY}"
    )


def unreadable(folder: Path) -> NotWritableError:
    """Return the error to raise for a folder that this user can't list."""
    return NotWritableError(
        f"{folder} can't be read by user {this_user()}; change its owner or mode, or {REMEDY}"
    )


def require_made(stage: StageFolder | TrialFolder) -> None:
    """Raise NotWritableError for a file in a stage's folder, or a trial's, that it did not make.

    It made what its list names and what it always leaves; if the list is of no use, all in the
    folders that it writes to, too.
    """
    made = {CHECKSUMS, *names_listed(stage.path), *places(stage)}
    if stage.record.name not in names_listed(stage.path):
        tops = {name.partition("/")[0] for name in places(stage)}
        made |= {name for name in plain_files(stage.path) if name.partition("/")[0] in tops}
    for name in plain_files(stage.path):
        if name not in made:
            raise foreign(stage.path / name)


def require_own(path: Path) -> None:
    """Raise NotWritableError if a path is there, and is no folder, or a link or a mount point."""
    if why := trees.why_no_folder(path):
        raise NotWritableError(f"{path} is {why}, which no stage makes; remove it, or {REMEDY}")


def require_cache(cache: Path) -> None:
    """Check the cache, and the folders in it: each may be a mount point, as none is replaced."""
    if cache.is_symlink() or not cache.is_dir():
        raise NotWritableError(f"{cache} is no folder of its own; remove it, or {REMEDY}")
    for path in sorted(cache.iterdir()):
        if path.name not in CACHE_FOLDERS:
            raise foreign(path)
        if path.is_symlink() or not path.is_dir():
            raise NotWritableError(f"{path} is no folder of its own; remove it, or {REMEDY}")


def require_history(artifacts: Artifacts) -> None:
    """Check the folder of kept measurements, and the folders in it, by their kinds and names."""
    require_own(artifacts.history)
    known = [artifacts.history_of(runtime) for runtime in RUNTIME_NAMES]
    for folder in _listed(artifacts.history):
        if folder not in known:
            raise foreign(folder)
        require_own(folder)
        for path in _listed(folder):
            if not KEPT.fullmatch(left_overs.owner_of(path) or path.name):
                raise foreign(path)
            require_own(path)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except PermissionError:
        raise unreadable(folder) from None


def kept(artifacts: Artifacts, runtime: str) -> Iterator[ProfileFolder]:
    """Yield the folder of each kept measurement of a runtime, the one that was kept last first."""
    folder = artifacts.history_of(runtime)
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    for name in sorted(filter(KEPT.fullmatch, names), key=order_of, reverse=True):
        yield ProfileFolder(folder / name)


def order_of(name: str) -> tuple[int, str]:
    """Return what sorts the names of kept measurements in the order in which they were kept.

    It is the number in the name, and when it was made.
    """
    match = KEPT.fullmatch(name)
    return (int(match["number"] or 0), match["made"]) if match else (0, "")
