"""Which folder can be the artifacts folder, and what in it is ours: what stages made.

Only that is ever removed, renamed or given to another user. The folder carries a marker; one of an
earlier version, without it, is taken over if nothing else is in it.
"""

import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from stages.artifacts import Artifacts
from stages.errors import NotWritableError
from stages.files import left_overs, trees
from stages.files.checksums import CHECKSUMS
from stages.folder.foreign import (
    REMEDY,
    foreign,
    kept,
    require_cache,
    require_history,
    require_made,
    require_own,
    unreadable,
)
from stages.program import disk_space
from stages.program.user import this_user
from stages.runtimes import RUNTIME_NAMES
from stages.stage_folders import StageFolder

MARKER, LOCK = ".vgg19-artifacts", ".lock"
MARKER_TEXT = "The stages of VGG19 on your Xeon write here, and `invoke clean` removes it.\n"
# Not ours, but no hindrance: Git's own, and what a disk has at its top.
BYSTANDERS = (".gitignore", "lost+found")
CHECKOUT = Path(__file__).resolve().parents[1]
# The system's own, though some are empty most of the time.
SYSTEM_FOLDERS = frozenset(
    Path("/", name)
    for name in (
        *("", "bin", "boot", "dev", "dev/shm", "etc", "home", "lib", "lib32", "lib64", "media"),
        *("mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "usr/bin"),
        *(
            "usr/lib",
            "usr/lib32",
            "usr/lib64",
            "usr/local",
            "usr/sbin",
            "var",
            "var/lib",
            "var/tmp",
        ),
    )
)


def resolved(path: Path) -> Path:
    """Return the folder that a setting means, links followed; NotWritableError for a loop."""
    if path.parts[:1] and path.parts[0].startswith("~"):
        raise NotWritableError(f"{path} begins with a tilde, as only shells read it; {REMEDY}")
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise NotWritableError(f"{path} is a symlink that leads nowhere; {REMEDY}") from None


def require_usable(path: Path) -> None:
    """Raise NotWritableError if a folder, links in its path followed, can't be for artifacts.

    It can't if it is the system's, a home, this checkout, within other artifacts, no folder, or has
    what no stage made.
    """
    root = resolved(path)
    # Unlike Path's own, lexists takes a path that is too long for one that is not there.
    if os.path.lexists(path) and not path.exists():
        raise NotWritableError(f"{path} is a symlink that leads nowhere; {REMEDY}")
    if os.path.lexists(root) and not root.is_dir():
        raise NotWritableError(f"{root} is no folder; set VGG19_ARTIFACTS to one")
    if why := _why_never(root):
        raise NotWritableError(f"{root} is {why}, and can't be the artifacts folder; {REMEDY}")
    if os.path.lexists(root):
        _require_ours(root)


def prepare(path: Path) -> Path:
    """Make the artifacts folder ready to be written to, and return it, links followed.

    It is created if need be, and gets the marker. Raises NotWritableError.
    """
    require_usable(path)
    root = resolved(path)
    try:
        root.mkdir(parents=True, exist_ok=True)
        _mark(root)
    except OSError as error:
        if error.errno in disk_space.FULL:
            raise
        raise NotWritableError(
            f"{root} can't be written by user {this_user()} ({error.strerror}); "
            "make the folder writable or set VGG19_ARTIFACTS"
        ) from None
    return root


def is_marked(root: Path) -> bool:
    """Return whether a folder carries the marker."""
    with suppress(FileNotFoundError):
        return stat.S_ISREG((root / MARKER).lstat().st_mode)
    return False


def _may_be_marked(folder: Path) -> bool:
    with suppress(OSError):  # above the artifacts there may be folders that are closed to this user
        return is_marked(folder)
    return False


def ours(root: Path) -> Iterator[Path]:
    """Yield what stages made in an artifacts folder: their folders, history, cache, left-overs."""
    names = known_names(root)
    for path in sorted(root.iterdir()):
        if path.name in names or left_overs.owner_of(path) in names:
            yield path


def known_names(root: Path) -> set[str]:
    """Return the names of the folders that stages write to."""
    artifacts = Artifacts(root)
    stages = (stage.path.name for stage in artifacts.stages())
    return {artifacts.cache.name, artifacts.history.name, *stages}


def require_replaceable(folder: Path) -> None:
    """Raise NotWritableError if a folder is not what a stage left, or has something else in it."""
    require_own(folder)
    if not folder.exists():
        return
    trees.require_unmounted(folder)
    for stage in _stages_in(folder):
        require_made(stage)


def _stages_in(folder: Path) -> Iterator[StageFolder]:
    """Yield the stage's folder that a folder is, or each kept one if it is the history."""
    artifacts = Artifacts(folder.parent)
    if folder == artifacts.history:
        require_history(artifacts)
        for runtime in RUNTIME_NAMES:
            yield from kept(artifacts, runtime)
    elif stage := artifacts.stage_at(folder):
        yield stage


def _why_never(root: Path) -> str:
    if root in SYSTEM_FOLDERS:
        return "a folder of the system"
    if root in _homes():
        return "a home folder"
    if root == CHECKOUT or root in CHECKOUT.parents:
        return "the folder of this source, or one above it"
    if outer := next((parent for parent in root.parents if _may_be_marked(parent)), None):
        return f"within another artifacts folder, {outer}"
    return ""


def _homes() -> set[Path]:
    homes = {Path(os.environ.get("HOME", ""))}
    for user in (str(os.getuid()), os.environ.get("SUDO_UID", "")):
        with suppress(KeyError, ValueError, OverflowError):
            homes.add(Path(pwd.getpwuid(int(user)).pw_dir))
    return {home.resolve() for home in homes if home.is_absolute()}


def _require_ours(root: Path) -> None:
    try:
        marked, inside = is_marked(root), sorted(root.iterdir())
    except PermissionError:
        raise unreadable(root) from None
    known = known_names(root)
    for path in inside:
        if path.name in BYSTANDERS or (marked and path.name in (MARKER, LOCK)):
            continue
        if path.name not in known and left_overs.owner_of(path) not in known:
            raise foreign(path)
        if path == Artifacts(root).cache:
            require_cache(path)
            continue
        require_own(path)
        if not marked and path.name in known and not (path / CHECKSUMS).is_file():
            raise NotWritableError(f"{path} has no {CHECKSUMS}, so no stage made it; {REMEDY}")
        if path == Artifacts(root).history:
            require_history(Artifacts(root))


def _mark(root: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    if is_marked(root):
        return
    with suppress(FileExistsError), open(os.open(root / MARKER, flags, 0o644), "w") as stream:
        os.fchmod(stream.fileno(), trees.FILE_MODE)
        _explain(stream.fileno())


def _explain(marker: int) -> None:
    """Write what the marker is for; without, it marks as well: `clean` must work on a full disk."""
    try:
        os.write(marker, MARKER_TEXT.encode())
    except OSError as error:
        if error.errno not in disk_space.FULL:
            raise
