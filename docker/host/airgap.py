"""What an export brings to a machine that reaches nothing, and its use there.

Standard library only: bootstrap.py uses it before anything is installed. `invoke export`
(docker/share/export.py) makes the folder; where there is none, nothing here does anything.
"""

import shutil
import subprocess
from pathlib import Path

from docker.paths import EXPORT
from stages.errors import EngineError

IMAGES, WHEELS, PARTS = "images.tar", "wheels", "cache"


def is_there(folder: Path = EXPORT) -> bool:
    """Tell whether this source came with all that a run needs."""
    return folder.is_dir()


def pip_options(folder: Path = EXPORT) -> list[str]:
    """Return what makes pip take the export's wheels, and look nowhere else."""
    return ["--no-index", f"--find-links={folder / WHEELS}"] if is_there(folder) else []


def load_images(folder: Path = EXPORT) -> bool:
    """Load the export's images into the engine; tell whether there are any.

    Raises EngineError where the engine does not take them.
    """
    archive = folder / IMAGES
    if not archive.is_file():
        return False
    print(f"loading {archive}", flush=True)
    if subprocess.run(["docker", "load", "--quiet", f"--input={archive}"]).returncode != 0:
        raise EngineError(f"{archive} can't be loaded; the lines above say why")
    return True


def place_parts(cache: Path, folder: Path = EXPORT) -> None:
    """Copy the export's data and backbones to train's cache, where there is none yet."""
    parts = folder / PARTS
    if parts.is_dir() and not cache.exists():
        shutil.copytree(parts, cache)
