"""What a virtual environment of ours says of itself: what it was made from, and what is in it.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from docker.host import interpreter

FILE = "locked.sha256"
CONFIGURATION = "pyvenv.cfg"
OUR_PROMPT = "vgg19"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is installed.

    - `locks`: a digest of each lock, with all else that the environment depends on, in order.
    - `packages`: the names in its folder of packages.
    """

    locks: list[str]
    packages: list[str]

    @classmethod
    def of(cls, folder: Path, locks: list[str]) -> "Stamp":
        """Return the stamp of an environment as it is now."""
        return cls(locks, _packages(folder))

    def is_exactly(self, folder: Path) -> bool:
        """Return whether the environment has these packages and no others."""
        return self.packages == _packages(folder)


def read_stamp(folder: Path) -> Stamp | None:
    """Return an environment's stamp, None if it is unfinished, foreign, or lacks packages."""
    try:
        stamp = Stamp(**json.loads((folder / FILE).read_text()))
        complete = {*stamp.packages} <= {*_packages(folder)}
    except (OSError, ValueError, TypeError):
        return None
    return stamp if complete else None


def missing_in(folder: Path, locks: Sequence[Path]) -> list[Path]:
    """Return the locks that `folder` does not have yet, in order; all if it must be created."""
    stamp = read_stamp(folder)
    identity = interpreter.identity_in(folder) if stamp else b""
    if not (stamp and identity):
        return [*locks]
    has = stamp.locks[: len(locks)]
    wanted = [digest_of(identity, folder, lock) for lock in locks[: len(has)]]
    return [*locks] if has != wanted else [*locks[len(has) :]]


def digest_of(identity: bytes, folder: Path, lock: Path) -> str:
    """Return what changes with the Python that `identity` is of, with the folder and a lock."""
    parts = (identity, os.fsencode(folder), lock.read_bytes())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def note_on_another(prefix: Path, root: Path, lock: Path) -> str:
    """Return a note if what runs this is another clone's environment, with other packages.

    `prefix` is the environment's folder, `root` and `lock` are this clone's.
    """
    folder = prefix.resolve()
    if folder.parent == root or not (folder / FILE).is_file() or not missing_in(folder, [lock]):
        return ""
    return (
        f"note: {folder} is another clone's environment, whose packages are not those of this one; "
        "run this by ./bootstrap.py, or `. .venv/bin/activate` here first"
    )


def is_unfinished(folder: Path) -> bool:
    """Return whether an environment of ours was never completed, or added to without end."""
    file = folder / FILE
    return not folder.is_symlink() and file.is_file() and not file.stat().st_size


def write_stamp(folder: Path, stamp: Stamp | None) -> None:
    """Write an environment's stamp; without one, it is marked as ours, and unfinished."""
    (folder / FILE).write_text(json.dumps(asdict(stamp)) if stamp else "")
    (folder / FILE).chmod(0o644)  # whatever the umask: another user may read it, and not write


def is_ours(folder: Path) -> bool:
    """Return whether `folder` is a virtual environment that may be removed.

    It is one of this project's, or has no packages of its own, or nothing at all.
    """
    if folder.is_symlink() or not folder.is_dir():
        return False
    configuration = folder / CONFIGURATION
    if (folder / FILE).is_file() or not any(folder.iterdir()):
        return True
    if not configuration.is_file():
        return False
    text = configuration.read_text(errors="replace")
    return f"prompt = '{OUR_PROMPT}'" in text.splitlines() or not _added(folder)


def _added(folder: Path) -> bool:
    """Return whether there are other packages than those that a new environment has."""
    own = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence", "_")
    return any(not name.startswith(own) for name in _packages(folder))


def _packages(folder: Path) -> list[str]:
    names = {path.name for path in folder.glob("lib/python3*/site-packages/*")}
    return sorted(names - {"__pycache__"})
