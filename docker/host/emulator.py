"""The emulator of AMX, built by this machine's own compiler for the local runner."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from docker.host.environment import child_environment
from docker.paths import ROOT
from stages.errors import HostError, SettingsError
from stages.setting.suggestion import quoted

FOLDER = ROOT / "emulator"
LIBRARY = Path("build", "libamxemu.so")
# Either will do: the emulator is C and assembly that both read.
COMPILERS = ("gcc", "clang")


def require_given(library: str) -> None:
    """Raise SettingsError if the library that VGG19_EMULATOR names is not there."""
    if not Path(library).is_file():
        raise SettingsError(
            f"emulator can't be {quoted(library)}, which is no file; leave it out, and the one of "
            "this checkout is built"
        )


def get_or_build(folder: Path = FOLDER) -> Path:
    """Return the emulator's library, which is built unless it is newer than its source.

    Raises HostError if there is no source, no compiler, or it can't be built.
    """
    script, library = folder / "build.py", folder / LIBRARY
    if not script.is_file():
        raise HostError(f"{folder} has no source of the emulator; restore it from the repository")
    if _is_newer(library, folder):
        return library
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if not compiler:
        raise HostError(
            "no compiler is there to build the emulator; install the packages gcc and libc6-dev, "
            "or set VGG19_EMULATOR to a library that is built"
        )
    command = [sys.executable, "-I", str(script), str(library), f"--cc={compiler}"]
    environment = child_environment(os.environ)
    if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode:
        raise HostError("the emulator can't be built; the lines above are the compiler's")
    return library


def _is_newer(library: Path, folder: Path) -> bool:
    if not library.is_file():
        return False
    sources = [path for path in folder.iterdir() if path.is_file()]
    return library.stat().st_mtime > max(path.stat().st_mtime for path in sources)
