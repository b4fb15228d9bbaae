"""The emulator of AMX, built by this machine's own compiler for the local runner."""

import os
import shutil
import subprocess
from pathlib import Path

from docker.host.environment import child_environment
from docker.paths import ROOT
from stages.errors import HostError

FOLDER = ROOT / "emulator"
LIBRARY = Path("build", "libamxemu.so")
# Any of them will do, for the emulator is C and assembly that GCC and Clang read.
COMPILERS = ("cc", "gcc", "clang")


def get_or_build(folder: Path = FOLDER) -> Path:
    """Return the emulator's library, which make builds unless it is as new as its source.

    Raises HostError if there is no source, no make or no compiler, or it can't be built.
    """
    if not (folder / "Makefile").is_file():
        raise HostError(f"{folder} has no source of the emulator; restore it from the repository")
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if not compiler or not shutil.which("make"):
        raise HostError(
            "no compiler is there to build the emulator; install the packages gcc, libc6-dev and "
            "make, or set VGG19_EMULATOR to a library that is built"
        )
    done = subprocess.run(
        ["make", "--silent", f"--directory={folder}", f"CC={compiler}"],
        env=child_environment(os.environ),
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise HostError("the emulator can't be built; the lines above are the compiler's")
    return folder / LIBRARY
