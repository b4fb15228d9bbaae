"""git, asked about a checkout: what it says, whoever owns the folder.

Standard library only, as what is beside it.
"""

import os
import subprocess
from pathlib import Path

from docker.host.environment import child_environment
from stages.errors import NotWritableError

TIMEOUT_S = 60.0


def ask(root: Path, *arguments: str) -> str | None:
    """Return what a command of git that only reads prints; None outside a clone, or without git.

    By itself, git reads no clone of another user, as a user's own is for root. Here it does; a
    program that the clone's settings name, to watch its files, is then not run. Raises
    NotWritableError if it does not answer, as on a disk that is gone.
    """
    trusted = ["-c", f"safe.directory={root.resolve()}", "-c", "core.fsmonitor=false"]
    try:
        done = subprocess.run(
            ["git", *trusted, "-C", str(root), *arguments],
            env=child_environment(os.environ),
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise NotWritableError(
            f"git does not answer within {TIMEOUT_S:g} s in {root}; look after that disk"
        ) from None
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
