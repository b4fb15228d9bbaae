"""Who the stages run as."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from docker.host.engine import EngineInfo
from docker.host.variables import GID, UID, USERNS

# The stages don't run as root even if root runs the pipeline. The images have a name for this user.
STAND_IN_FOR_ROOT = 10001
# The highest number of 32 bits means "none" to the kernel.
MAX_ID = 2**32 - 2


@dataclass(frozen=True, slots=True)
class User:
    """The numbers of the user and group that a stage's container runs as.

    `userns` is "host" if they must not be mapped to others, empty if the engine does not map any.
    """

    uid: int
    gid: int
    userns: str = ""

    def variables(self) -> dict[str, str]:
        """Return the variables that compose.yaml reads."""
        mapping = {USERNS: self.userns} if self.userns else {}
        return {UID: str(self.uid), GID: str(self.gid), **mapping}


def invoking_user(environ: Mapping[str, str] = os.environ) -> User:
    """Return who runs this: the user behind sudo, and a stand-in for root itself."""
    if os.getuid() != 0:
        return User(os.getuid(), os.getgid())
    uid, gid = (_number(environ.get(name, "")) for name in ("SUDO_UID", "SUDO_GID"))
    if not uid or gid is None:
        return User(STAND_IN_FOR_ROOT, STAND_IN_FOR_ROOT)
    return User(uid, gid)


def _number(text: str) -> int | None:
    """Return the number of a user or group that the kernel can have, None for other text."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ID))):
        return None
    return int(text) if int(text) <= MAX_ID else None


def user_in_container(owner: User, engine: EngineInfo) -> User:
    """Return who a stage must be in its container so that, on this machine, it is `owner`.

    A rootless engine's root is the user who started it; all others there are strangers here. An
    engine that remaps all users makes strangers of all, unless it is asked not to.
    """
    if engine.rootless:
        return User(0, 0)
    return replace(owner, userns="host") if engine.remaps_users else owner
