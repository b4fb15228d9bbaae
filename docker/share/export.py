"""Pack source, images, tools and data into one file, for a machine without a network."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from docker import images
from docker.build import requirements
from docker.build.graph import Stage
from docker.host import airgap
from docker.paths import EXPORT, ROOT
from stages.artifacts import Artifacts
from stages.errors import EngineError, SettingsError

# The folder within the file.
TOP = "vgg19"
# The other machine may have any of these: Debian 12 and 13 and Ubuntu 22.04 and 24.04 have them.
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
# In train's cache, but left out: it is big, and computed from the rest in minutes.
DERIVED = "features"
# The lowest level about halves the layers, which are mostly programs; higher ones add little.
COMPRESSION = 1


def write_export(stages: Sequence[Stage], artifacts: Artifacts, output: Path) -> None:
    """Write all that `stages` need to run elsewhere to `output`, a compressed tar.

    Raises SettingsError outside a clone, EngineError if an image can't be built or saved.
    """
    files = _source_files()
    images.build_missing(stages)
    with tempfile.TemporaryDirectory(prefix="export-") as name:
        folder = Path(name)
        _fill(folder, stages, artifacts)
        print(f"export: {output}", flush=True)
        with tarfile.open(output, "w:gz", compresslevel=COMPRESSION) as tar:
            for file in files:
                tar.add(ROOT / file, f"{TOP}/{file}", recursive=False)
            tar.add(folder, f"{TOP}/{EXPORT.name}")


def _fill(folder: Path, stages: Sequence[Stage], artifacts: Artifacts) -> None:
    """Write to `folder` what docker/host/airgap.py uses on the other machine."""
    print("export: images", flush=True)
    _save([stage.image for stage in stages], folder / airgap.IMAGES)
    print(f"export: wheels for Python {', '.join(PYTHONS)}", flush=True)
    _download(folder / airgap.WHEELS)
    if artifacts.cache.is_dir():
        ignored = shutil.ignore_patterns(DERIVED, ".*.new", ".*.old")
        shutil.copytree(artifacts.cache, folder / airgap.CACHE, ignore=ignored)


def _source_files() -> list[str]:
    """Return the files that git tracks; SettingsError outside a clone."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SettingsError(f"{ROOT} is no clone, so its files are not known; export from one")
    return [file for file in done.stdout.split("\0") if (ROOT / file).is_file()]


def _save(names: Sequence[str], output: Path) -> None:
    if (
        subprocess.run(
            ["docker", "save", f"--output={output}", *names], stdin=subprocess.DEVNULL
        ).returncode
        != 0
    ):
        raise EngineError(f"{', '.join(names)} can't be saved; the lines above say why")


def _download(folder: Path) -> None:
    """Download the wheels of the host's lock; a version of Python without some is left out."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "download"]
    options = [f"--dest={folder}", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    for version in PYTHONS:
        with tempfile.TemporaryDirectory() as name:
            host_lock = Path(name, "host.txt")
            requirements.write_host_lock(version, host_lock)
            command = [*pip, *options, f"--python-version={version}", f"--requirement={host_lock}"]
            if subprocess.run(command, stdin=subprocess.DEVNULL).returncode != 0:
                print(f"export: none for Python {version}; the lines above say why", flush=True)
