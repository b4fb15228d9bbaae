"""The artifacts folder, made ready on the host for the stages, and given to who they run as."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from docker.host import airgap
from docker.host.user import User
from stages.artifacts import Artifacts
from stages.errors import NotWritableError
from stages.files.descent import ignore, walk
from stages.files.member import OPEN_PLAIN
from stages.folder import usable as artifacts_folder
from stages.folder.access import writing
from stages.folder.full_disk import temporary_directory
from stages.folder.usable import LOCK, MARKER
from stages.setting.programs import DOCTOR


def prepare(folder: Path, owner: User) -> Path:
    """Make the folder ready for stages that run as `owner`; return it, links followed.

    Train's cache gets what an export brings. Raises NotWritableError if the folder can't be used,
    ArtifactsBusyError if an export's data can't be placed now.
    """
    root = artifacts_folder.prepare(folder)
    if airgap.has_cache_for(Artifacts(root).cache):
        with writing(root, "copying an export's data") as artifacts:
            airgap.copy_cache(artifacts.cache)
    if os.getuid() == 0:  # anyone else owns it already
        _give(root, owner)
    return root


@contextmanager
def there(root: Path, program: str) -> Iterator[Path]:
    """Yield the folder; if it is not there, an empty one for doctor, which made none."""
    if program != DOCTOR or root.is_dir():
        yield root
        return
    with temporary_directory("doctor-") as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)  # for whom the container runs as
        yield folder


def give_back(root: Path) -> None:
    """Give what root's own processes made in the folder to whom the folder belongs.

    Otherwise the stages of the next run, which are that user's, could not write beside it. Raises
    NotWritableError if it has what no stage made.
    """
    owner = owner_of(root)
    if os.getuid() == 0 and owner.uid != 0:
        _give(root, owner)


def owner_of(folder: Path) -> User:
    """Return the user and group that a folder belongs to."""
    found = folder.stat()
    return User(found.st_uid, found.st_gid)


def _give(root: Path, owner: User) -> None:
    """Give the folder, and what stages made in it, to `owner`; nothing else, whatever its name.

    Raises NotWritableError if a file has another name elsewhere: then no stage made it.
    """
    made = [*artifacts_folder.ours(root)]
    for path in made:
        artifacts_folder.require_replaceable(path)
    for path in (root / MARKER, root / LOCK, *made):
        for place, name, folder in _all_in(path):
            _give_one(place, name, folder, owner)
    if root.stat().st_uid != owner.uid:
        os.chown(root, owner.uid, owner.gid)


def _all_in(path: Path) -> Iterator[tuple[Path, str, int]]:
    """Yield a file, or a folder with all in it: path, name, and descriptor of the folder it is in.

    By descriptors, a folder that becomes a link in the meantime leads nowhere.
    """
    parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield path, path.name, parent
    finally:
        os.close(parent)
    if path.is_dir() and not path.is_symlink():
        for place in walk(path, ignore):
            for name in (*place.folders, *place.files):
                yield place.path / name, name, place.descriptor


def _give_one(path: Path, name: str, folder: int, owner: User) -> None:
    """Change the owner of a plain file or a folder; leave links and all else as they are."""
    with suppress(FileNotFoundError):  # a stage may be running
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            return
        descriptor = os.open(name, OPEN_PLAIN, dir_fd=folder)
        try:
            found = os.fstat(descriptor)
            if found.st_uid != owner.uid:
                _require_one_name(path, found)
                os.fchown(descriptor, owner.uid, owner.gid)
        finally:
            os.close(descriptor)


def _require_one_name(path: Path, found: os.stat_result) -> None:
    if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
        raise NotWritableError(
            f"{path} has another name elsewhere (a hard link), so no stage made it; remove it"
        )
