"""Compare the images that the engine has, and the inputs of a build, with docker/images.lock."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from docker.build import base
from docker.build.graph import Stage
from docker.host.client import ask
from docker.lockfile import ImagesLock
from docker.paths import ROOT
from docker.reproduce.saved import read_images
from stages.errors import EngineError

INPUT_FILES = (
    *("docker/Dockerfile", "docker/install_layer.sh", "docker/requirements/*.txt"),
    "emulator/*.*",  # not what is built beside them
)
# What runs on hosts alone is in no image.
HOST_LOCKS = (
    "docker/requirements/develop.txt",
    "docker/requirements/host.txt",
    "docker/requirements/publish.txt",
)
# In place of the configuration's digest, if the engine names images by the digest of a manifest.
NO_DIGEST = ""
# In seconds: an engine that writes an image is slow to answer.
INSPECTION_S = 120.0


def inputs(environ: Mapping[str, str] = {}, root: Path = ROOT) -> dict[str, str]:
    """Return the sha256 of each input of a build: the base's recipe, the files, the stages."""
    paths = sorted(path for pattern in INPUT_FILES for path in root.glob(pattern))
    files = {path.relative_to(root).as_posix(): sha256_of(path.read_bytes()) for path in paths}
    for path in HOST_LOCKS:
        files.pop(path, None)
    recipe = base.recipe_sha256(environ.get(base.OVERRIDE, ""))
    return {"base": recipe, **files, "stages": _tree_sha256(root / "stages")}


def changed_inputs(lock: ImagesLock, environ: Mapping[str, str]) -> list[str]:
    """Return the names of the inputs that are not as they were when the lock was written."""
    now = inputs(environ)
    names = sorted(now.keys() | lock.inputs.keys())
    return [name for name in names if now.get(name) != lock.inputs.get(name)]


def not_locked(stages: Sequence[Stage], lock: ImagesLock) -> list[Stage]:
    """Return the stages whose image the engine does not have, or not as the lock has it."""
    return [stage for stage in stages if not is_locked(stage, lock)]


def is_locked(stage: Stage, lock: ImagesLock) -> bool:
    """Return whether the engine has the image of a stage as the lock has it."""
    locked = lock.images.get(stage.target)
    if locked is None:
        return False
    layers = [lock.layers.get(name, "") for name in locked.layers]
    return _inspect(stage.image) in ((locked.config, layers), (NO_DIGEST, layers))


@dataclass(frozen=True, slots=True)
class ResolvedImage:
    """What an image's name means at some time: the engine's ID, the configuration's digest."""

    id: str
    digest: str


def resolve(image: str) -> ResolvedImage:
    """Return what the name of an image means now; EngineError if the engine has no such image."""
    shown = _docker("image", "inspect", "--format={{.Id}}", image).strip()
    if not shown:
        raise EngineError(f"the image {image} has just been removed; run this again")
    return ResolvedImage(shown, digest_of(shown))


def locked_digest(stage: Stage, lock: ImagesLock) -> str:
    """Return the digest of the configuration of a stage's locked image, empty if none is locked."""
    locked = lock.images.get(stage.target)
    return locked.config if locked else NO_DIGEST


def digest_of(image: str) -> str:
    """Return the digest of the configuration of an image, given by its name or its ID.

    Empty if the engine has no such image.
    """
    digest, layers = _inspect(image)
    return read_images([image])[image].config if layers and not digest else digest


def _inspect(image: str) -> tuple[str, list[str]]:
    """Return the configuration's digest, if the engine shows it, and the layers' diff_ids."""
    template = "{{.Id}} {{json .RootFS.Layers}}"
    shown = _docker("image", "inspect", f"--format={template}", image)
    if not shown:
        return NO_DIGEST, []
    digest, _, layers = shown.partition(" ")
    return NO_DIGEST if _names_manifests() else digest, diff_ids_of(layers)


def diff_ids_of(shown: str) -> list[str]:
    """Return the layers' diff_ids from the engine's JSON; EngineError if it is none."""
    try:
        return msgspec.json.decode(shown.strip() or "null", type=list[str] | None) or []
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise EngineError(
            f"`docker image inspect` gives layers that can't be read ({error}); use another engine"
        ) from None


def _names_manifests() -> bool:
    """Return whether the engine keeps images in containerd's store."""
    return "io.containerd.snapshotter" in _docker("info", "--format={{json .DriverStatus}}")


def _docker(*arguments: str) -> str:
    """Return what the engine's client prints, nothing if it fails or is not installed."""
    answer = ask(*arguments, timeout_s=INSPECTION_S)
    return answer.output if answer.ok else ""


def _tree_sha256(folder: Path) -> str:
    paths = sorted(
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    lines = [
        f"{path.relative_to(folder).as_posix()} {bool(path.stat().st_mode & 0o111)} "
        f"{sha256_of(path.read_bytes())}"
        for path in paths
    ]
    return sha256_of("\n".join(lines).encode())


def sha256_of(content: bytes) -> str:
    """Return the sha256 of some bytes."""
    return hashlib.sha256(content).hexdigest()
