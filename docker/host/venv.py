"""Create virtual environments from lock files: for invoke, and for stages without an engine.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from docker.host import airgap
from stages.errors import StageError

STAMP = "locked.sha256"


class VenvError(StageError):
    """A virtual environment can't be created."""

    exit_code = 16
    remedy = "read pip's lines above; most often it does not reach the package index"


def base_python() -> str:
    """Return this Python outside any virtual environment, whichever one runs this program.

    An environment made by its own Python, or by another's, would be gone or stale with that one.
    """
    return getattr(sys, "_base_executable", sys.executable)


def get_or_create(folder: Path, python: str, locks: Sequence[Path]) -> Path:
    """Return the Python of the virtual environment `folder`, which has what `locks` list.

    It is created again if `python` or a lock that it was created from has changed; locks that
    follow those are installed into it. Raises VenvError if that fails.
    """
    stamp = folder / STAMP
    wanted = [_digest(python, lock) for lock in locks]
    installed = stamp.read_text().split() if stamp.is_file() else []
    if not installed or any(old != new for old, new in zip(installed, wanted, strict=False)):
        _create(folder, python)
        installed = []
    # One at a time, in order: an earlier one may bring what building a later one needs.
    for lock, digest in list(zip(locks, wanted, strict=True))[len(installed) :]:
        _install(folder, lock)
        installed.append(digest)
        stamp.write_text("\n".join(installed))
    return folder / "bin" / "python"


def _digest(python: str, lock: Path) -> str:
    return hashlib.sha256(python.encode() + lock.read_bytes()).hexdigest()


def _create(folder: Path, python: str) -> None:
    print(f"creating {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _run([python, "-m", "venv", str(folder)], f"{python} has no working venv module; install it")


def _install(folder: Path, lock: Path) -> None:
    print(f"installing {lock.name} into {folder}", flush=True)
    # -qq shows errors only: pip would also warn about the index settings of this machine.
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq"]
    install = ["install", "--no-deps", "--no-build-isolation", f"--requirement={lock}"]
    install += airgap.pip_options()
    _run([*pip, *install], f"{lock.name} can't be installed; fix the cause and run this again")


def _run(command: Sequence[str], remedy: str) -> None:
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
        raise VenvError(f"{remedy} (the lines above say why)")
