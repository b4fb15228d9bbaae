"""Virtual environments made from lock files: the host's tools, the stages without an engine.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from stages.errors import StageError

STAMP = "locked.sha256"


class VenvError(StageError):
    """A virtual environment can't be made."""

    exit_code = 16


def ensure(folder: Path, python: str, locks: Sequence[Path]) -> Path:
    """Return the Python of a virtual environment with what `locks` list, made where it is not.

    It is made anew when a lock or the Python has changed. Raises VenvError where that fails.
    """
    stamp = folder / STAMP
    wanted = _digest(python, locks)
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"making {folder} from {', '.join(lock.name for lock in locks)}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _make(folder, python, locks)
        stamp.write_text(wanted)
    return folder / "bin" / "python"


def _digest(python: str, locks: Sequence[Path]) -> str:
    digest = hashlib.sha256(python.encode())
    for lock in locks:
        digest.update(lock.read_bytes())
    return digest.hexdigest()


def _make(folder: Path, python: str, locks: Sequence[Path]) -> None:
    _run([python, "-m", "venv", str(folder)], f"{python} has no working venv module; install it")
    # Errors alone: pip warns of every index that a host's configuration names and lacks.
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq"]
    # One at a time, in order: the first brings what the next may need to be built.
    for lock in locks:
        install = ["install", "--no-deps", "--no-build-isolation", f"--requirement={lock}"]
        _run([*pip, *install], f"{lock.name} can't be installed; mend it and run this again")


def _run(command: Sequence[str], remedy: str) -> None:
    if subprocess.run(command).returncode != 0:
        raise VenvError(f"{remedy} (the lines above say why)")
