"""Packs source, images, the host's tools and data into one file, for where there is no network."""

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
# Whatever Python the other machine has: those of Debian 12 and 13, Ubuntu 22.04 and 24.04.
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
# Made of other things than its data: big, and made again in minutes.
DERIVED = "features"
# Layers are mostly programs that hardly any effort halves, and no effort does much better.
COMPRESSION = 1


def make(stages: Sequence[Stage], artifacts: Artifacts, output: Path) -> None:
    """Write all that `stages` need to run elsewhere to `output`, a compressed tar.

    Raises SettingsError where this is no clone whose files are known, EngineError where an image
    can't be built or saved.
    """
    files = _source()
    images.build_missing(stages)
    with tempfile.TemporaryDirectory(prefix="export-") as name:
        folder = Path(name)
        print("export: images", flush=True)
        _save([stage.image for stage in stages], folder / airgap.IMAGES)
        print(f"export: the host's tools for Python {', '.join(PYTHONS)}", flush=True)
        _download(folder / airgap.WHEELS)
        if artifacts.cache.is_dir():
            ignored = shutil.ignore_patterns(DERIVED, ".*.new", ".*.old")
            shutil.copytree(artifacts.cache, folder / airgap.CACHE, ignore=ignored)
        print(f"export: {output}", flush=True)
        with tarfile.open(output, "w:gz", compresslevel=COMPRESSION) as tar:
            for each in files:
                tar.add(ROOT / each, f"{TOP}/{each}", recursive=False)
            tar.add(folder, f"{TOP}/{EXPORT.name}")


def _source() -> list[str]:
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SettingsError(f"{ROOT} is no clone, so its files are not known; export from one")
    return [each for each in done.stdout.split("\0") if (ROOT / each).is_file()]


def _save(names: Sequence[str], output: Path) -> None:
    if subprocess.run(["docker", "save", f"--output={output}", *names]).returncode != 0:
        raise EngineError(f"{', '.join(names)} can't be saved; the lines above say why")


def _download(folder: Path) -> None:
    """Download the wheels of the host's tools; a version without some is told, and left out."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "download"]
    options = [f"--dest={folder}", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    for version in PYTHONS:
        with tempfile.TemporaryDirectory() as name:
            wanted = Path(name, "host.txt")
            requirements.write_host_lock(version, wanted)
            command = [*pip, *options, f"--python-version={version}", f"--requirement={wanted}"]
            if subprocess.run(command).returncode != 0:
                print(f"export: no tools for Python {version}; the lines above say why", flush=True)
