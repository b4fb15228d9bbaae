"""Pack source, images, tools and data into one file, for a machine without a network."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from docker import images
from docker.build import requirements
from docker.build.graph import Stage
from docker.host import airgap, git
from docker.host.copying import copy_plain
from docker.host.environment import engine_environment
from docker.host.pip_settings import pip_environment
from docker.paths import EXPORT, ROOT
from docker.share.output import agree_to_replace, holds_first, require_writable, written_whole
from stages.artifacts import Artifacts
from stages.errors import EngineError, SettingsError
from stages.folder.access import reading
from stages.folder.full_disk import scratch_folder
from stages.folder.usable import require_usable
from stages.program.printable import printable
from stages.program.tether import tethered

# The folder within the file.
TOP = "vgg19"
# The other machine may have any of these: Debian 12 and 13 and Ubuntu 22.04 and 24.04 have them.
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
# In train's cache, but left out: it is big, and computed from the rest in minutes.
DERIVED = ("cells", "features", "trials")
# What was being written when a run was stopped, by this project, tensorflow-datasets or TF Hub.
UNFINISHED = (
    *(".*.new", ".*.old", ".*.gone", "*.tmp.*", "*.tmp", "*.incomplete*", "*.lock", "*.part"),
)
# The lowest level about halves the layers, which are mostly programs; higher ones add little.
COMPRESSION = 1


def write_export(stages: Sequence[Stage], artifacts: Artifacts, output: Path) -> None:
    """Write all that `stages` need to run elsewhere to `output`, a compressed tar.

    It says which file that replaces, if any; a person at a terminal is asked before. Raises
    NotWritableError if `output` can't be written, SettingsError outside a clone, EngineError if an
    image can't be built or saved.
    """
    require_writable(output, artifacts.root)
    require_usable(artifacts.root)
    replaced = agree_to_replace(output, partial(holds_first, f"{TOP}/"))
    files = _source_files()
    images.build_missing(stages)
    with scratch_folder("export-") as folder:
        _fill(folder, stages, artifacts)
        print(f"export: {printable(str(output))}", flush=True)
        with written_whole(output) as path:
            _pack(files, folder, path)
    print("".join(f"export: {line}\n" for line in replaced), end="")


def _pack(files: Sequence[str], folder: Path, output: Path) -> None:
    """Write the files of the source, and what was gathered in `folder`, to a compressed tar."""
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
    with reading(artifacts.root, "export") as held:
        if held.cache.is_dir():
            _copy_cache(held.cache, folder / airgap.CACHE)


def _copy_cache(cache: Path, target: Path) -> None:
    target.mkdir()
    for path in copy_plain(cache, target, is_left_out):
        print(f"export: {printable(path)} in {cache} is no plain file and is left out")


def is_left_out(path: str) -> bool:
    """Return whether a relative path in train's cache is no finished part of it, or derived."""
    name = path.rpartition("/")[2]
    return path in DERIVED or any(fnmatchcase(name, pattern) for pattern in UNFINISHED)


def _source_files() -> list[str]:
    """Return the files that git tracks; SettingsError outside a clone."""
    listed = git.ask(ROOT, "ls-files", "-z")
    if listed is None:
        raise SettingsError(f"{ROOT} is no clone, so its files are not known; export from one")
    return [file for file in listed.split("\0") if (ROOT / file).is_file()]


def _save(names: Sequence[str], output: Path) -> None:
    environ = engine_environment(os.environ)
    command = tethered(["docker", "save", f"--output={output}", *names], environ=environ)
    if subprocess.run(command, env=environ, stdin=subprocess.DEVNULL).returncode != 0:
        raise EngineError(f"{', '.join(names)} can't be saved; the lines above say why")


def _download(folder: Path) -> None:
    """Download the wheels of the host's lock; a version of Python without some is left out."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "download"]
    options = [f"--dest={folder}", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    for version in PYTHONS:
        with scratch_folder("export-") as scratch:
            host_lock = scratch / "host.txt"
            requirements.write_host_lock(version, host_lock)
            which = [f"--python-version={version}", f"--requirement={host_lock}"]
            environment = pip_environment(sys.executable, os.environ)
            command = tethered([*pip, *options, *which], environ=environment)
            if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL).returncode != 0:
                print(f"export: none for Python {version}; the lines above say why", flush=True)
