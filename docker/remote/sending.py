"""Send to another machine's engine what stages here left for those that are to run there."""

import secrets
import tarfile
from collections.abc import Collection, Mapping
from pathlib import Path

from docker.host.variables import GID, UID
from docker.remote.fetching import listed_there
from docker.remote.volume import Volume
from stages.artifacts import verify
from stages.files.checksums import CHECKSUMS, MAX_LIST_BYTES
from stages.files.left_overs import GONE, NEW
from stages.files.member import read_plain
from stages.folder.access import reading
from stages.setting.programs import STAGES
from stages.settings import Settings

# What these make is of use on any machine; what profile measures is one machine's.
MODELS = STAGES[:2]
# The one that is there keeps the name of a left-over, which the next stage removes.
IN_PLACE = 'test ! -e "$2" || mv -T "$2" "$3"; mv -T "$1" "$2"'


def send(
    volume: Volume,
    image: str,
    settings: Settings,
    programs: Collection[str],
    owner: Mapping[str, str],
) -> list[str]:
    """Send the models that `programs` take from earlier stages, if they are here and not there.

    `image` is one that the engine has; `owner`, in the variables of compose.yaml, who the stages
    run as. Return what was sent. Raises EngineError if the engine does not take it,
    InputCorruptError if it is damaged here.
    """
    sent: list[str] = []
    with reading(volume.root, "sending") as artifacts:
        folders = (artifacts.train.path, artifacts.quantize(settings.runtime).path)
        wanted = [
            folder
            for stage, folder in zip(MODELS, folders, strict=True)
            if _is_before(stage, programs) and folder.is_dir()
        ]
        for folder in wanted:
            with volume.held(image) as reader:
                there = listed_there(reader, folder.name)
            if there != read_plain(folder / CHECKSUMS, MAX_LIST_BYTES):
                verify(folder)
                _send(volume, image, folder, owner)
                sent.append(folder.name)
    return sent


def _is_before(stage: str, programs: Collection[str]) -> bool:
    """Return whether `programs` take what a stage left, and do not run it."""
    after = {*STAGES[STAGES.index(stage) + 1 :]}
    return stage not in programs and bool({*programs} - {*STAGES} or after & {*programs})


def _send(volume: Volume, image: str, folder: Path, owner: Mapping[str, str]) -> None:
    """Send a folder: it is there under its name once all of it is."""
    number = secrets.token_hex(4)
    new, gone = (f".{folder.name}.{number}{ending}" for ending in (NEW, GONE))

    def own(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid, member.gid = int(owner[UID]), int(owner[GID])
        member.uname = member.gname = ""
        return member

    with volume.held(image, owner) as writer, writer.writing(folder.name) as tar:
        tar.add(folder, new, filter=own)
    volume.run(image, owner, ("sh", "-ec", IN_PLACE, "sh", new, folder.name, gone))
