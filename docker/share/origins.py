"""What the manifest says of a bundle's source, held against the locks in it and against a clone."""

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from docker.host import git
from docker.paths import IMAGES_LOCK, ROOT
from docker.reproduce.locked_images import HOST_LOCKS, STAGES, TreeFile, sha256_of, tree_sha256
from docker.share.manifest import Manifest
from stages.errors import InputCorruptError
from stages.files.member import read_plain
from stages.folder.full_disk import temporary_directory

# Where the locks of the images' packages lie in the source.
REQUIREMENTS = "docker/requirements/"
# The recipe of the base, which is no file.
NOT_IN_TREE = ("base",)
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


def compare_with_commit(manifest: Manifest, root: Path = ROOT) -> str:
    """Return whether a bundle's inputs are those of the commit that its manifest names.

    That can be seen if `root` is a clone that has the commit. A checkout may have had changes when
    the bundle was packed, so that other inputs are no damage.
    """
    commit = manifest.commit[:SHORT]
    if not commit:
        return "note: the bundle names no commit; of which source it is, is believed"
    files = _files_of(manifest.commit, root)
    if files is None:
        return f"note: no commit {commit} is in this clone; that the source is its, is believed"
    differing = [*_differing(manifest.inputs, files)]
    if not differing:
        return f"the locks and sources that it names are those of commit {commit}"
    shown = ", ".join(differing[:MAX_SHOWN])
    more = f" and {len(differing) - MAX_SHOWN} more" if len(differing) > MAX_SHOWN else ""
    return f"note: {shown}{more} differ from commit {commit}: packed with changes, or of another"


def _differing(inputs: Mapping[str, str], files: Mapping[str, TreeFile]) -> Iterator[str]:
    """Yield the inputs that are other in a source of these files."""
    prefix = f"{STAGES}/"
    stages = [
        TreeFile(it.name.removeprefix(prefix), it.is_executable, it.sha256)
        for it in files.values()
        if it.name.startswith(prefix)
    ]
    for name, sha256 in sorted(inputs.items()):
        found = files.get(name)
        is_same = found is not None and found.sha256 == sha256
        if name == STAGES:
            is_same = tree_sha256(stages) == sha256
        if name not in NOT_IN_TREE and not is_same:
            yield name


def _files_of(commit: str, root: Path) -> dict[str, TreeFile] | None:
    """Return the files of a commit by their paths, None if there is no clone that has it."""
    with temporary_directory("commit-") as folder:
        archive = Path(folder, "source.tar")
        if git.ask(root, "archive", "--format=tar", f"--output={archive}", commit) is None:
            return None
        with tarfile.open(archive, "r:") as tar:
            members = [member for member in tar if member.isfile()]
            return {member.name: _file_of(tar, member) for member in members}


def _file_of(tar: tarfile.TarFile, member: tarfile.TarInfo) -> TreeFile:
    stream = tar.extractfile(member)
    content = stream.read() if stream else b""
    return TreeFile(member.name, bool(member.mode & 0o111), sha256_of(content))
