"""The Pythons of this machine: which one runs this, what another one is, and where a version is.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from docker.host.environment import child_environment

# Seconds; a Python on a slow network disk takes some of them to start.
TIMEOUT_S = 60.0
# In bytes, which mean the same in any locale. Python 3.10 names the environment's own file as
# what that was made from; only its real path is the same in all versions.
PROBE = """
import os, sys, sysconfig
base = os.path.realpath(sys._base_executable or sys.executable)
abi = str(sysconfig.get_config_var("SOABI"))
what = (sys.version, abi, sys.base_prefix, sys.base_exec_prefix, base)
print(os.fsencode(sys.prefix).hex(), os.fsencode("\\0".join(what)).hex())
"""
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def base_python() -> str:
    """Return this Python outside any virtual environment, whichever one runs this program.

    An environment made by its own Python, or by another's, would be gone or stale with that one.
    """
    # Without PATH, Python does not know its own program.
    known = getattr(sys, "_base_executable", "") or sys.executable
    path = known or str(Path("/proc/self/exe").readlink())
    # Before 3.11, Python gives the environment's own file here.
    inside = sys.prefix != sys.base_prefix and Path(path).is_relative_to(sys.prefix)
    return os.path.realpath(path) if inside else path


def identity_in(folder: Path) -> bytes:
    """Return which Python the virtual environment `folder` was made from; nothing if it is none.

    Another version, build, architecture or place of that Python gives another answer, and one that
    is gone, or an environment that was moved, gives none.
    """
    answer = output_of([str(folder / "bin" / "python"), "-I", "-c", PROBE]).split()
    if len(answer) != 2 or answer[0] != os.fsencode(folder).hex():
        return b""
    return bytes.fromhex(answer[1])


def find(version: str) -> str:
    """Return a Python of a version, such as "3.11", that runs; an empty text if there is none.

    The first of that name may be a placeholder, which only says that the version is not installed.
    """
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return base_python()
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = (shutil.which(f"python{version}", path=folder) for folder in folders if folder)
    return next((path for path in found if path and _version_of(path) == version), "")


def _version_of(python: str) -> str:
    return output_of([python, "-I", "-c", VERSION])


def output_of(command: Sequence[str]) -> str:
    """Return what a command prints, nothing if it fails or does not end."""
    try:
        done = subprocess.run(
            command,
            env=child_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
