"""Use what an export brings to a machine without a network: images, wheels, train's cache.

Standard library only: bootstrap.py uses it before anything is installed. `invoke export`
(docker/share/export.py) writes the folder; without one, nothing here has an effect.
"""

import shutil
import subprocess
from pathlib import Path

from docker.paths import EXPORT
from stages.errors import EngineError

IMAGES, WHEELS, CACHE = "images.tar", "wheels", "cache"


def has_export(folder: Path = EXPORT) -> bool:
    """Return whether this source came with an export, and so with all that a run needs."""
    return folder.is_dir()


def pip_options(folder: Path = EXPORT) -> list[str]:
    """Return the options that make pip take the export's wheels and no others."""
    return ["--no-index", f"--find-links={folder / WHEELS}"] if has_export(folder) else []


def load_images(folder: Path = EXPORT) -> bool:
    """Load the export's images into the engine; return whether there are any.

    Raises EngineError if the engine refuses them.
    """
    archive = folder / IMAGES
    if not archive.is_file():
        return False
    print(f"loading {archive}", flush=True)
    if (
        subprocess.run(
            ["docker", "load", "--quiet", f"--input={archive}"], stdin=subprocess.DEVNULL
        ).returncode
        != 0
    ):
        raise EngineError(f"{archive} can't be loaded; the lines above say why")
    return True


def copy_cache(cache: Path, folder: Path = EXPORT) -> None:
    """Copy the export's data and backbones to train's cache `cache`, unless it exists."""
    exported = folder / CACHE
    if exported.is_dir() and not cache.exists():
        shutil.copytree(exported, cache)
