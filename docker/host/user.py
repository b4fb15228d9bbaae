"""Who the stages run as, and the artifacts folder, which that user owns."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stages.errors import NotWritableError

# The stages don't run as root even if root runs the pipeline. The images have a name for this user.
STAND_IN_FOR_ROOT = 10001


@dataclass(frozen=True, slots=True)
class User:
    """The numbers of the user and group that a stage's container runs as."""

    uid: int
    gid: int

    def variables(self) -> dict[str, str]:
        """Return the variables that compose.yaml reads."""
        return {"STAGES_UID": str(self.uid), "STAGES_GID": str(self.gid)}


def invoking_user(environ: Mapping[str, str] = os.environ) -> User:
    """Return who runs this: the user behind sudo, and a stand-in for root itself."""
    if os.getuid() != 0:
        return User(os.getuid(), os.getgid())
    uid, gid = environ.get("SUDO_UID", "0"), environ.get("SUDO_GID", "0")
    if uid == "0":
        return User(STAND_IN_FOR_ROOT, STAND_IN_FOR_ROOT)
    return User(int(uid), int(gid))


def create_folder(folder: Path) -> None:
    """Create the artifacts folder unless it exists.

    Raises NotWritableError if something else has its name.
    """
    if folder.exists() and not folder.is_dir():
        raise NotWritableError(f"{folder} is no folder; set VGG19_ARTIFACTS to one")
    folder.mkdir(parents=True, exist_ok=True)


def change_owner(folder: Path, user: User) -> None:
    """Give the artifacts to `user` if root runs this; anyone else owns them already."""
    if os.getuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, user.uid, user.gid, follow_symlinks=False)
