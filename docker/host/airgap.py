"""Use what an export brings to a machine without a network: images, wheels, train's cache.

Standard library only: bootstrap.py uses it before anything is installed. `invoke export`
(docker/share/export.py) writes the folder; without one, nothing here has an effect.
"""

import os
import subprocess
from pathlib import Path

from docker.host.copying import copy_plain
from docker.host.environment import engine_environment
from docker.paths import EXPORT
from stages.errors import EngineError
from stages.files import left_overs
from stages.files.trees import remove, settle, sync_folder, why_no_folder
from stages.program.printable import printable

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
    if archive.is_symlink():
        raise EngineError(f"{archive} is a symlink, which no export has; get the export again")
    if not archive.is_file():
        return False
    print(f"loading {archive}", flush=True)
    command = ["docker", "load", "--quiet", f"--input={archive}"]
    if (
        subprocess.run(
            command, env=engine_environment(os.environ), stdin=subprocess.DEVNULL
        ).returncode
        != 0
    ):
        raise EngineError(f"{archive} can't be loaded; the lines above say why")
    return True


def has_cache_for(cache: Path, folder: Path = EXPORT) -> bool:
    """Return whether the export brings data for train's cache `cache`, which is not there yet."""
    return why_no_folder(folder / CACHE) == "" and (folder / CACHE).is_dir() and not cache.exists()


def copy_cache(cache: Path, folder: Path = EXPORT) -> None:
    """Copy the export's data and backbones to train's cache `cache`, unless it exists.

    Nothing may be writing beside it. It is there as a whole or not at all.
    """
    if not has_cache_for(cache, folder):
        return
    cache.parent.mkdir(parents=True, exist_ok=True)
    partial = left_overs.new_folder(cache)
    try:
        for path in copy_plain(folder / CACHE, partial):
            print(f"{printable(path)} in {folder / CACHE} is no plain file and is left out")
        settle(partial)
        partial.rename(cache)
        sync_folder(cache.parent)
    finally:
        if partial.exists():
            remove(partial)
