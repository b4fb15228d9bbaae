"""The measurements that later ones replaced: the last of each runtime, kept whole."""

from pathlib import Path

from stages.artifacts import Artifacts, ProfileFolder, read_record, verify
from stages.errors import NotWritableError, SchemaVersionError, StageError
from stages.files import left_overs, trees
from stages.files.checksums import CHECKSUMS, sha256
from stages.folder.foreign import kept, order_of, require_history, require_made
from stages.program.host_path import shown
from stages.records.profile import ProfileRecord
from stages.runtimes import RUNTIME_NAMES


def keep(replaced: Path) -> bool:
    """Move a runtime's measurement that a later one replaced to the history; return whether it did.

    `replaced` has the name of a left-over beside the folder that has its place now. One that is
    damaged, or of another schema, is not kept; a line says so. What is no measurement is left. What
    else is kept of the same one, whole or not, is removed.
    """
    artifacts = Artifacts(replaced.parent)
    owner = left_overs.owner_of(replaced)
    runtime = next((name for name in RUNTIME_NAMES if _is_of(artifacts, name, owner)), "")
    if not runtime or trees.why_no_folder(replaced):
        return False
    made = _made(replaced)
    if not made:
        return False
    place = _place(artifacts, runtime, made)
    _move(replaced, place)
    print(shown(f"profile: what was measured before is kept in {place}"), flush=True)
    for folder in kept(artifacts, runtime):
        if folder.path != place and _has_list_of(folder.path, place):
            _discard(folder)
    return True


def keep_last(artifacts: Artifacts, runtime: str, number: int) -> None:
    """Remove a runtime's kept measurements but for the `number` that were kept last.

    One that has a file that no stage made stays, and a line says so.
    """
    for folder in [*kept(artifacts, runtime)][number:]:
        _discard(folder)


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


def _place(artifacts: Artifacts, runtime: str, made: str) -> Path:
    """Return where to keep what was made then: by its name it is the last that was kept."""
    names = [folder.path.name for folder in kept(artifacts, runtime)]
    number, latest = order_of(names[0]) if names else (0, "")
    number += made <= latest
    return artifacts.history_of(runtime) / (f"{made}-{number}" if number else made)


def _has_list_of(folder: Path, place: Path) -> bool:
    listed = folder / CHECKSUMS
    return listed.is_file() and sha256(listed) == sha256(place / CHECKSUMS)


def _discard(folder: ProfileFolder) -> None:
    try:
        trees.require_removable(folder.path)
        require_made(folder)
        left_overs.discard(folder.path)
    except NotWritableError as error:
        print(shown(f"profile: {folder.path} is not removed: {error}"), flush=True)


def _move(replaced: Path, place: Path) -> None:
    """Give a folder its place in the history, durably; until then it has the one of before."""
    folder = place.parent
    for made in (folder.parent, folder):
        if not made.is_dir():
            made.mkdir()
            made.chmod(trees.FOLDER_MODE)
            trees.sync_folder(made.parent)
    require_history(Artifacts(replaced.parent))
    replaced.rename(place)
    trees.sync_folder(folder)
    trees.sync_folder(replaced.parent)
