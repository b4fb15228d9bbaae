"""Whether the images here, and what they are made from, are those of docker/images.lock."""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from docker.build import base
from docker.build.graph import Stage
from docker.lockfile import ImagesLock
from docker.paths import ROOT
from docker.reproduce.saved import read_images

FILES = ("docker/Dockerfile", "docker/install_layer.sh", "docker/requirements/*.txt")
# The host's tools are in no image.
LEFT_OUT = "docker/requirements/host.txt"
# Stands for the configuration's digest where the engine names images by their manifests'.
NO_DIGEST = ""


def inputs(environ: Mapping[str, str] = {}, root: Path = ROOT) -> dict[str, str]:
    """Return the sha256 of all that images are made from: files, the base's recipe, the stages."""
    files = sorted(each for pattern in FILES for each in root.glob(pattern))
    found = {each.relative_to(root).as_posix(): _sha256(each.read_bytes()) for each in files}
    found.pop(LEFT_OUT, None)
    recipe = base.recipe(environ.get(base.OVERRIDE, ""))
    return {"base": recipe, **found, "stages": _tree(root / "stages")}


def changed_inputs(lock: ImagesLock, environ: Mapping[str, str]) -> list[str]:
    """Return the names of what is not as it was when the lock was made."""
    now = inputs(environ)
    names = sorted(now.keys() | lock.inputs.keys())
    return [name for name in names if now.get(name) != lock.inputs.get(name)]


def is_locked(stage: Stage, lock: ImagesLock) -> bool:
    """Tell whether the engine has the image of a stage, and as the lock has it."""
    wanted = lock.images.get(stage.target)
    if wanted is None:
        return False
    layers = [lock.layers[name] for name in wanted.layers]
    return _inspect(stage.image) in ((wanted.config, layers), (NO_DIGEST, layers))


def digest_of(image: str) -> str:
    """Return the digest of an image's configuration, empty where there is none of that name."""
    digest, layers = _inspect(image)
    return read_images([image])[image].config if layers and not digest else digest


def _inspect(image: str) -> tuple[str, list[str]]:
    """Return the configuration's digest, as far as the engine tells it, and the diff_ids."""
    form = "{{.Id}} {{json .RootFS.Layers}}"
    command = ["docker", "image", "inspect", f"--format={form}", image]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return NO_DIGEST, []
    digest, _, layers = done.stdout.partition(" ")
    return NO_DIGEST if _names_manifests() else digest, json.loads(layers)


def _names_manifests() -> bool:
    """Tell whether the engine keeps images in containerd's store."""
    command = ["docker", "info", "--format={{json .DriverStatus}}"]
    return (
        "io.containerd.snapshotter"
        in subprocess.run(command, capture_output=True, text=True).stdout
    )


def _tree(folder: Path) -> str:
    paths = sorted(
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    lines = [
        f"{path.relative_to(folder).as_posix()} {bool(path.stat().st_mode & 0o111)} "
        f"{_sha256(path.read_bytes())}"
        for path in paths
    ]
    return _sha256("\n".join(lines).encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
