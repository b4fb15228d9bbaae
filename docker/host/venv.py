"""Virtual environments made from lock files: the host's tools, the stages without an engine.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from docker.host import airgap
from stages.errors import StageError

STAMP = "locked.sha256"


class VenvError(StageError):
    """A virtual environment can't be made."""

    exit_code = 16
    remedy = "read pip's lines above; most often it does not reach the package index"


def ensure(folder: Path, python: str, locks: Sequence[Path]) -> Path:
    """Return the Python of a virtual environment with what `locks` list, made where it is not.

    It is made anew when a lock or the Python has changed; locks that come after those it was
    made from are installed into it. Raises VenvError where that fails.
    """
    stamp = folder / STAMP
    wanted = [_digest(python, lock) for lock in locks]
    there = stamp.read_text().split() if stamp.is_file() else []
    if not there or any(old != new for old, new in zip(there, wanted, strict=False)):
        _make(folder, python)
        there = []
    # One at a time, in order: the first brings what the next may need to be built.
    for lock, digest in list(zip(locks, wanted, strict=True))[len(there) :]:
        _install(folder, lock)
        there.append(digest)
        stamp.write_text("\n".join(there))
    return folder / "bin" / "python"


def _digest(python: str, lock: Path) -> str:
    return hashlib.sha256(python.encode() + lock.read_bytes()).hexdigest()


def _make(folder: Path, python: str) -> None:
    print(f"making {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    _run([python, "-m", "venv", str(folder)], f"{python} has no working venv module; install it")


def _install(folder: Path, lock: Path) -> None:
    print(f"installing {lock.name} into {folder}", flush=True)
    # Errors alone: pip warns of every index that a host's configuration names and lacks.
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq"]
    install = ["install", "--no-deps", "--no-build-isolation", f"--requirement={lock}"]
    install += airgap.pip_options()
    _run([*pip, *install], f"{lock.name} can't be installed; mend it and run this again")


def _run(command: Sequence[str], remedy: str) -> None:
    if subprocess.run(command).returncode != 0:
        raise VenvError(f"{remedy} (the lines above say why)")
