"""Fetch what stages left on another machine's engine: each folder whole and checked, or not."""

import os
import shutil
import tarfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from docker import artifacts as artifacts_folder
from docker.remote.volume import Access, Volume
from stages.artifacts import Artifacts, verify
from stages.errors import EngineError, StageError
from stages.files import left_overs, trees
from stages.files.checksums import CHECKSUMS, MAX_LIST_BYTES, require_whole
from stages.files.member import is_inside, read_plain
from stages.folder import history
from stages.folder.access import writing
from stages.folder.full_disk import noticing
from stages.folder.handover import put_in_place
from stages.folder.usable import require_replaceable
from stages.program.printable import printable
from stages.setting.programs import PEERS, REHEARSE, SWEEP
from stages.settings import Settings
from stages.stage_folders import ProfileFolder, StageFolder

AGAIN = "run this again, which fetches it again"
MAX_SHOWN = 200
# Bytes of a name, of which a file system takes no more.
MAX_NAME = 255


def fetch(
    volume: Volume, image: str, settings: Settings, programs: Collection[str]
) -> tuple[list[str], list[str]]:
    """Fetch what the pipeline and `programs` left; return what came, and what was here already.

    `image` is one that the engine has. A folder replaces the one that is here as a stage's own
    would: a measurement is kept in the history. Raises EngineError if the engine does not give it,
    ArtifactsBusyError if the folder here is in use, InputCorruptError for what no stage left.
    """
    came: list[str] = []
    here: list[str] = []
    with writing(volume.root, "fetching") as artifacts, volume.held(image) as reader:
        for stage in _stages(artifacts, settings.runtime, programs):
            if (listed := listed_there(reader, stage.path.name)) is None:
                continue
            is_here = _is_whole(stage.path, listed)
            if not is_here:
                _fetch(reader, stage, settings.history)
            (here if is_here else came).append(stage.path.name)
        if artifacts.profile(settings.runtime).path.name in came:
            history.keep_last(artifacts, settings.runtime, settings.history)
    artifacts_folder.give_back(volume.root)
    return came, here


def _stages(artifacts: Artifacts, runtime: str, programs: Collection[str]) -> list[StageFolder]:
    """Return the folders of the pipeline's stages by a runtime, and those of `programs` beside."""
    beside: dict[str, StageFolder] = {
        PEERS: artifacts.peers,
        REHEARSE: artifacts.rehearse,
        SWEEP: artifacts.sweep(runtime),
    }
    models: list[StageFolder] = [artifacts.train, artifacts.quantize(runtime)]
    results: list[StageFolder] = [artifacts.profile(runtime), artifacts.compare]
    return [*models, *results, *(it for name, it in beside.items() if name in programs)]


def listed_there(reader: Access, name: str) -> bytes | None:
    """Return the list of checksums of a stage's folder there, None if it has none."""
    with suppress(FileNotFoundError), reader.reading(f"{name}/{CHECKSUMS}") as tar:
        member = tar.next()
        content = tar.extractfile(member) if member and member.isfile() else None
        if content is None:
            raise _refusal(f"{name}/{CHECKSUMS}")
        return content.read(MAX_LIST_BYTES)
    return None


def _is_whole(folder: Path, listed: bytes) -> bool:
    """Return whether a folder is here, undamaged, with this list of checksums."""
    with suppress(StageError, OSError):
        if read_plain(folder / CHECKSUMS, MAX_LIST_BYTES) == listed:
            verify(folder)
            return True
    return False


def _fetch(reader: Access, stage: StageFolder, kept: int) -> None:
    """Fetch a stage's folder: it takes the place of the one here once it is whole.

    A measurement's is kept, if `kept`, the number of those that are, is not 0.
    """
    folder = stage.path
    require_replaceable(folder)
    partial = left_overs.new_folder(folder)
    try:
        with noticing(partial):
            with reader.reading(folder.name) as tar:
                unpack(tar, folder.name, partial)
            require_whole(partial, [stage.record.name], AGAIN)
            trees.settle(partial)
        keep = history.keep if kept and isinstance(stage, ProfileFolder) else None
        put_in_place(partial, folder, keep, last=False)
    finally:
        with suppress(StageError, OSError):
            trees.remove(partial)


def unpack(tar: tarfile.TarFile, top: str, folder: Path) -> None:
    """Write what a tar has, all of it in the folder `top`, to a new folder.

    Raises EngineError for what is no plain file or folder, or lies elsewhere, and what tarfile does
    for what is no tar.
    """
    for member in tar:
        _unpack_one(tar, member, top, folder)


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, top: str, folder: Path) -> None:
    name = member.name.rstrip("/")
    if name == top and member.isdir():
        return
    inner = name.removeprefix(f"{top}/")
    path = folder / inner
    fits = inner != name and is_inside(inner) and len(os.fsencode(path.name)) <= MAX_NAME
    if not fits or not path.parent.is_dir() or os.path.lexists(path):
        raise _refusal(name)
    if member.isdir():
        path.mkdir()
    elif content := tar.extractfile(member) if member.isfile() else None:
        with path.open("xb") as output:
            shutil.copyfileobj(content, output, 2**20)
    else:
        raise _refusal(name)


def _refusal(name: str) -> EngineError:
    shown = printable(name, MAX_SHOWN)
    return EngineError(f"the engine gives {shown!r}, which no stage leaves; nothing of it is taken")
