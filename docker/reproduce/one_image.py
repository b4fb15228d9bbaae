"""Take one image, as docker/images.lock has it, out of an archive of several."""

import io
import tarfile
from pathlib import Path
from typing import IO

import msgspec

from docker.reproduce.locked_images import sha256_of
from docker.reproduce.saved import MAX_JSON_BYTES, UNREADABLE, Entry, diff_id_of
from stages.errors import EngineError

MANIFEST = "manifest.json"


class _Layers(msgspec.Struct):
    diff_ids: list[str]


class _Config(msgspec.Struct):
    """What is read of an image's configuration; it has more."""

    rootfs: _Layers


def write_one(archive: Path, image: str, digest: str, output: Path) -> None:
    """Write the image of a name to an archive of its own, if `digest` is its configuration's.

    Apptainer takes no archive of several. Raises EngineError if `archive`, as `docker save` writes
    it, has no such image, or what it has can't be read.
    """
    try:
        with tarfile.open(archive, "r:") as source, tarfile.open(output, "w") as target:
            entry = _entry_of(source, image)
            config = _json(source, entry.Config)
            if f"sha256:{sha256_of(config)}" != digest:
                raise EngineError(
                    f"{archive} has {image} of other source than this clone's; take the clone that "
                    "came with it, or export from this one"
                )
            _copy_layers(source, entry, config, target)
            _add(target, entry.Config, config)
            _add(target, MANIFEST, msgspec.json.encode([entry]))
    except UNREADABLE as error:
        raise EngineError(
            f"{archive} can't be read ({error!r}), or is not whole; get the export again"
        ) from None


def _entry_of(source: tarfile.TarFile, image: str) -> Entry:
    entries = msgspec.json.decode(_json(source, MANIFEST), type=list[Entry])
    tag = f"{image}:latest"
    found = next((entry for entry in entries if tag in (entry.RepoTags or [])), None)
    if found is None:
        raise LookupError(f"no {image}")
    return found


def _copy_layers(
    source: tarfile.TarFile, entry: Entry, config: bytes, target: tarfile.TarFile
) -> None:
    """Copy the layers; ValueError if one is not the very one that the configuration names."""
    diff_ids = msgspec.json.decode(config, type=_Config).rootfs.diff_ids
    if len(diff_ids) != len(entry.Layers):
        raise ValueError(f"{len(entry.Layers)} layers for {len(diff_ids)}")
    for name, diff_id in zip(entry.Layers, diff_ids, strict=True):
        if diff_id_of(io.BufferedReader(_member(source, name))) != diff_id:
            raise ValueError(f"{name} is damaged")
        layer = _member(source, name)
        info = tarfile.TarInfo(name)
        info.size = layer.seek(0, io.SEEK_END)
        layer.seek(0)
        target.addfile(info, layer)


def _json(source: tarfile.TarFile, name: str) -> bytes:
    content = _member(source, name).read(MAX_JSON_BYTES + 1)
    if len(content) > MAX_JSON_BYTES:
        raise ValueError(f"{name} has more than {MAX_JSON_BYTES} bytes")
    return content


def _member(source: tarfile.TarFile, name: str) -> IO[bytes]:
    """Return the content of a file, links within the archive followed."""
    found = source.extractfile(name)
    if found is None:
        raise LookupError(f"{name} is no file")
    return found


def _add(target: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    target.addfile(info, io.BytesIO(content))
