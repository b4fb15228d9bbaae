"""What the manifest says of a bundle's source, held against the locks in it and against a clone."""

import tarfile
from pathlib import Path

from docker.host import git
from docker.paths import IMAGES_LOCK, ROOT
from docker.reproduce.locked_images import HOST_LOCKS, inputs, sha256_of
from docker.share.manifest import Manifest
from stages.errors import InputCorruptError
from stages.files.member import read_plain
from stages.folder.full_disk import temporary_directory
from stages.program.printable import printable, shortened

# Where the locks of the images' packages lie in the source.
REQUIREMENTS = "docker/requirements/"
# The recipe of the base, which is no file.
NOT_IN_TREE = {"base"}
IMAGES = IMAGES_LOCK.relative_to(ROOT).as_posix()
MAX_LOCK_BYTES = 16 * 2**20
# Characters of a commit, and inputs, that a line has.
SHORT, MAX_SHOWN = 12, 3


def require_locks(folder: Path, manifest: Manifest) -> None:
    """Raise InputCorruptError unless the locks in `folder` are those that the inputs name.

    The lock of the images and those of invoke's own packages are among no inputs.
    """
    named = {
        name.removeprefix(REQUIREMENTS): sha256
        for name, sha256 in manifest.inputs.items()
        if name.startswith(REQUIREMENTS)
    }
    free = {IMAGES_LOCK.name, *(name.removeprefix(REQUIREMENTS) for name in HOST_LOCKS)}
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    for name in sorted({*named, *there} - free):
        path = folder / name
        if name not in there:
            raise InputCorruptError(f"{path} is missing; make the bundle again")
        if sha256_of(read_plain(path, MAX_LOCK_BYTES)) != named.get(name):
            raise InputCorruptError(
                f"{path} is none of those that the manifest's inputs name; make the bundle again"
            )


def compare_with_commit(locks: Path, manifest: Manifest, root: Path = ROOT) -> str:
    """Return whether a bundle's inputs, and all its `locks`, are those of the commit that it names.

    That can be seen if `root` is a clone that has the commit. A checkout may have had changes when
    the bundle was packed, so that other inputs are no damage.
    """
    commit = printable(manifest.commit[:SHORT])
    if not commit:
        return "note: the bundle names no commit; of which source it is, is believed"
    with temporary_directory("commit-") as folder:
        source = Path(folder)
        if not _check_out(manifest.commit, root, source):
            return f"note: no commit {commit} is in this clone; that the source is its, is believed"
        expected = inputs(root=source) | _free_locks(source / REQUIREMENTS, source / IMAGES)
    found = manifest.inputs | _free_locks(locks, locks / IMAGES_LOCK.name)
    names = {*expected, *found} - NOT_IN_TREE
    differing = sorted(name for name in names if expected.get(name) != found.get(name))
    if not differing:
        return f"the locks and sources that it names are those of commit {commit}"
    shown = ", ".join(printable(shortened(name)) for name in differing[:MAX_SHOWN])
    more = f" and {len(differing) - MAX_SHOWN} more" if len(differing) > MAX_SHOWN else ""
    return f"note: {shown}{more} differ from commit {commit}: packed with changes, or of another"


def _free_locks(requirements: Path, images_lock: Path) -> dict[str, str]:
    """Return the sha256 of the locks that are among no inputs, of those that are there."""
    host = {name: requirements / Path(name).name for name in HOST_LOCKS}
    paths = {**host, IMAGES: images_lock}
    return {
        name: sha256_of(read_plain(path, MAX_LOCK_BYTES))
        for name, path in paths.items()
        if path.is_file()
    }


def _check_out(commit: str, root: Path, folder: Path) -> bool:
    """Write the files of a commit to a folder; return whether there is a clone that has it."""
    archive = folder / "source.tar"
    if git.ask(root, "archive", "--format=tar", f"--output={archive}", commit) is None:
        return False
    with tarfile.open(archive, "r:") as tar:
        files = [member for member in tar if member.isfile() or member.isdir()]
        tar.extractall(folder, files)
    return True
