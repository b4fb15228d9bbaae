"""The measurements that later ones replaced: the last of each runtime, kept whole."""

import os
from contextlib import suppress
from pathlib import Path

from stages.artifacts import Artifacts, read_record, verify
from stages.errors import NotWritableError, SchemaVersionError, StageError
from stages.files import left_overs, trees
from stages.files.checksums import CHECKSUMS, sha256
from stages.folder.foreign import KEPT, kept, order_of, require_history, require_made
from stages.program.host_path import shown
from stages.program.user import this_user
from stages.records.profile import ProfileRecord
from stages.runtimes import RUNTIME_NAMES
from stages.stage_folders import ProfileFolder


def require_writable(artifacts: Artifacts, runtime: str) -> None:
    """Raise NotWritableError if what a runtime measures could not take its place in the history."""
    folders = (artifacts.history_of(runtime), artifacts.history)
    folder = next(filter(os.path.lexists, folders), None)
    if folder and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise NotWritableError(
            f"{folder} can't be read and written by user {this_user()}; "
            "change its owner or mode, or keep nothing by --history 0"
        )


def keep(replaced: Path) -> bool:
    """Move a runtime's measurement that a later one replaced to the history; return whether it did.

    `replaced` has the name of a left-over beside the folder that has its place now. One that is
    damaged, or of another schema, is not kept; a line says so. What is no measurement is left. What
    else is kept of the same one, whole or not, is removed. If it can't be moved it stays for the
    next command, and a line says so: the one that replaced it is good all the same.
    """
    artifacts = Artifacts(replaced.parent)
    owner = left_overs.owner_of(replaced)
    runtime = next((name for name in RUNTIME_NAMES if _is_of(artifacts, name, owner)), "")
    if not runtime or trees.why_no_folder(replaced):
        return False
    try:
        return _keep(artifacts, runtime, replaced)
    except (NotWritableError, OSError) as error:
        problem = f"can't be kept in {artifacts.history_of(runtime)} ({_cause(error)})"
        _say(f"what was measured before {problem}; until a command can, it is in {replaced}")
        return True


def _keep(artifacts: Artifacts, runtime: str, replaced: Path) -> bool:
    made = _made(replaced)
    if not made:
        return False
    place = _place(artifacts, runtime, made)
    _move(replaced, place)
    _say(f"what was measured before is kept in {place}")
    for folder in kept(artifacts, runtime):
        if folder.path != place and _has_list_of(folder.path, place):
            _discard(folder)
    return True


def keep_last(artifacts: Artifacts, runtime: str, number: int) -> None:
    """Remove a runtime's kept measurements but for the `number` that were kept last.

    One that has a file that no stage made, or that can't be removed, stays, and a line says so.
    """
    try:
        folders = [*kept(artifacts, runtime)]
    except OSError as error:
        _say(f"{artifacts.history_of(runtime)} can't be read ({_cause(error)})")
    else:
        for folder in folders[number:]:
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
        why = ""
    except SchemaVersionError:
        made, why = "", "is of another schema"
    except StageError:
        made, why = "", "is damaged"
    name = made.replace("-", "").replace(":", "")
    if not why and not KEPT.fullmatch(name):
        why = "does not say when it was made"
    if why:
        _say(f"what was measured before {why}, and is not kept")
    return "" if why else name


def _place(artifacts: Artifacts, runtime: str, made: str) -> Path:
    """Return where to keep what was made then: by its name it is the last that was kept."""
    names = [folder.path.name for folder in kept(artifacts, runtime)]
    number, latest = order_of(names[0]) if names else (0, "")
    number += made <= latest
    return artifacts.history_of(runtime) / (f"{made}-{number}" if number else made)


def _has_list_of(folder: Path, place: Path) -> bool:
    with suppress(OSError):
        return sha256(folder / CHECKSUMS) == sha256(place / CHECKSUMS)
    return False


def _discard(folder: ProfileFolder) -> None:
    try:
        trees.require_removable(folder.path)
        require_made(folder)
        left_overs.discard(folder.path)
    except (StageError, OSError) as error:
        _say(f"{folder.path} is not removed ({_cause(error)})")


def _cause(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error).partition(";")[0]


def _say(text: str) -> None:
    print(shown(f"profile: {text}"), flush=True)


def _move(replaced: Path, place: Path) -> None:
    """Give a folder its place in the history, durably; until then it has the one of before."""
    folder = place.parent
    trees.make_folder(folder.parent)
    trees.make_folder(folder)
    require_history(Artifacts(replaced.parent))
    replaced.rename(place)
    with suppress(OSError):  # it is there
        trees.sync_folder(folder)
        trees.sync_folder(replaced.parent)
