"""The measurements that later ones replaced: the last of each runtime, kept whole."""

import os
from itertools import count
from pathlib import Path

from stages.artifacts import Artifacts, ProfileFolder, read_record, verify
from stages.errors import NotWritableError, SchemaVersionError, StageError
from stages.files import left_overs, trees
from stages.files.checksums import CHECKSUMS, sha256
from stages.folder.foreign import kept, require_history, require_made
from stages.program.host_path import shown
from stages.records.profile import ProfileRecord
from stages.runtimes import RUNTIME_NAMES


def keep(replaced: Path) -> bool:
    """Move a runtime's measurement that a later one replaced to the history; return whether it did.

    `replaced` has the name of a left-over beside the folder that has its place now. One that is
    damaged, or of another schema, is not kept; a line says so. What is no measurement is left.
    """
    artifacts = Artifacts(replaced.parent)
    owner = left_overs.owner_of(replaced)
    runtime = next((name for name in RUNTIME_NAMES if _is_of(artifacts, name, owner)), "")
    if not runtime or trees.why_no_folder(replaced):
        return False
    made = _made(replaced)
    if not made:
        return False
    place = _place(artifacts.history_of(runtime), made, replaced)
    if os.path.lexists(place):  # it is there already
        return False
    _move(replaced, place)
    print(shown(f"profile: what was measured before is kept in {place}"), flush=True)
    return True


def keep_last(artifacts: Artifacts, runtime: str, number: int) -> None:
    """Remove a runtime's kept measurements but for the last `number`.

    One that has a file that no stage made stays, and a line says so.
    """
    for folder in [*kept(artifacts, runtime)][number:]:
        try:
            trees.require_removable(folder.path)
            require_made(folder)
            left_overs.discard(folder.path)
        except NotWritableError as error:
            print(shown(f"profile: {folder.path} is not removed: {error}"), flush=True)


def clear(artifacts: Artifacts) -> None:
    """Remove what a killed command left of a measurement that it was removing."""
    for runtime in RUNTIME_NAMES:
        if (folder := artifacts.history_of(runtime)).is_dir():
            left_overs.clear(folder)


def _is_of(artifacts: Artifacts, runtime: str, name: str) -> bool:
    return artifacts.profile(runtime).path.name == name


def _made(folder: Path) -> str:
    """Return when a measurement was made, as the name of a folder; empty if it can't be kept."""
    record = ProfileFolder(folder).record
    try:
        verify(folder, [record.name])
        made = read_record(record, ProfileRecord).maker.made
        why = "" if made else "does not say when it was made"
    except SchemaVersionError:
        made, why = "", "is of another schema"
    except StageError:
        made, why = "", "is damaged"
    if why:
        print(f"profile: what was measured before {why}, and is not kept", flush=True)
    return made.replace("-", "").replace(":", "")


def _place(folder: Path, made: str, replaced: Path) -> Path:
    """Return where to keep what was made then: beside another of that second, if that differs."""
    names = (f"{made}-{number}" if number else made for number in count())
    return next(folder / name for name in names if _is_free_for(folder / name, replaced))


def _is_free_for(place: Path, replaced: Path) -> bool:
    if not os.path.lexists(place):
        return True
    listed = place / CHECKSUMS
    return listed.is_file() and sha256(listed) == sha256(replaced / CHECKSUMS)


def _move(replaced: Path, place: Path) -> None:
    """Give a folder its place in the history, durably; until then it has the one of before."""
    folder = place.parent
    trees.make_folder(folder.parent)
    trees.make_folder(folder)
    require_history(Artifacts(replaced.parent))
    replaced.rename(place)
    trees.sync_folder(folder)
    trees.sync_folder(replaced.parent)
