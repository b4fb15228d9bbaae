"""The emulator of AMX, built by this machine's own compiler for the local runner."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from docker.host.environment import child_environment
from docker.paths import ROOT
from stages.errors import HostError, SettingsError
from stages.files.checksums import sha256
from stages.setting.suggestion import quoted

FOLDER = ROOT / "emulator"
SCRIPT, LIBRARY = "build.py", Path("build", "libamxemu.so")
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
    """Return the emulator's library, which is built unless it was built of the same source.

    Raises HostError if there is no source, no compiler, or it can't be built.
    """
    script, library = folder / SCRIPT, folder / LIBRARY
    if not script.is_file():
        raise HostError(f"{folder} has no source of the emulator; restore it from the repository")
    source, of_source = _digest(folder), library.with_suffix(".source")
    if library.is_file() and _text(of_source) == source:
        return library
    of_source.unlink(missing_ok=True)
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
    of_source.write_text(source)
    return library


def _digest(folder: Path) -> str:
    """Return a digest of the source: its times are kept by copies and archives."""
    files = sorted(path for path in folder.iterdir() if _is_source(path))
    listed = "".join(f"{sha256(path)}  {path.name}\n" for path in files)
    return hashlib.sha256(os.fsencode(listed)).hexdigest()


def _is_source(path: Path) -> bool:
    """Return whether the build reads a file: an editor may have left others beside it."""
    is_read = path.name == SCRIPT or path.suffix in (".c", ".h", ".S")
    return is_read and not path.name.startswith(".") and path.is_file()


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() else ""
