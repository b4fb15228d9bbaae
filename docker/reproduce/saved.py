"""What images consist of, read from the stream of `docker save`: configurations, layers, files.

The same for every engine and store: a layer is known by the sha256 of its tar (its diff_id), an
image by that of its configuration, however either is kept or compressed.
"""

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from stages.errors import EngineError

GZIP_MAGIC = b"\x1f\x8b"
READ_BYTES = 1 << 20
# Of a file's sha256 so many digits: a listing tells files apart, the layer's digest proves them.
HASH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer's diff_id, and a line for each of its entries, in the tar's order."""

    diff_id: str
    listing: list[str]


@dataclass(frozen=True, slots=True)
class Image:
    """An image by its configuration's digest, with its layers from the lowest up."""

    config: str
    layers: list[Layer]


def read_images(tags: Sequence[str]) -> dict[str, Image]:
    """Return the images of these tags.

    Raises EngineError where the engine can't save them.
    """
    with _saved(tags) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        small, layers = _blobs(archive)
    found: dict[str, Image] = {}
    for each in json.loads(small["manifest.json"]):
        config = hashlib.sha256(small[each["Config"]]).hexdigest()
        image = Image(f"sha256:{config}", [layers[name] for name in each["Layers"]])
        found |= dict.fromkeys(each["RepoTags"], image)
    return {tag: found[tag if ":" in tag else f"{tag}:latest"] for tag in tags}


@contextmanager
def _saved(tags: Sequence[str]) -> Iterator[IO[bytes]]:
    broken = False
    with subprocess.Popen(["docker", "save", *tags], stdout=subprocess.PIPE) as process:
        if process.stdout is None:
            raise AssertionError("it was asked for")
        try:
            yield process.stdout
            process.stdout.read()
        except tarfile.ReadError:
            broken = True
    if broken or process.returncode != 0:
        raise EngineError(f"{', '.join(tags)} can't be saved; the lines above say why")


def _blobs(archive: tarfile.TarFile) -> tuple[dict[str, bytes], dict[str, Layer]]:
    """Return the archive's JSON files and its layers, by name."""
    small: dict[str, bytes] = {}
    layers: dict[str, Layer] = {}
    for member in archive:
        content = archive.extractfile(member)
        if not content:
            continue
        peeking = io.BufferedReader(_Raw(content), READ_BYTES)
        if peeking.peek(1)[:1] in (b"{", b"["):
            small[member.name] = peeking.read()
        elif Path(member.name).name != "VERSION":
            layers[member.name] = read_layer(peeking)
    return small, layers


def read_layer(stream: "io.BufferedReader[Any]") -> Layer:
    """Return the layer whose tar, compressed or not, a stream has."""
    compressed = stream.peek(2).startswith(GZIP_MAGIC)
    hashing = _Hashing(gzip.GzipFile(fileobj=stream) if compressed else stream)
    with tarfile.open(fileobj=hashing, mode="r|") as tar:
        listing = [_line(tar, member) for member in tar]
    while hashing.read(READ_BYTES):
        pass
    return Layer(f"sha256:{hashing.digest.hexdigest()}", listing)


def _line(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    owner = f"{member.uid}:{member.gid}"
    content = tar.extractfile(member) if member.isreg() else None
    what = _hash(content) if content else f"-> {member.linkname}" if member.linkname else "-"
    kind = member.type.decode("ascii", "replace").strip("\0") or "0"
    path = member.name.removeprefix("./").rstrip("/")
    return f"{path}\t{kind}\t{member.mode:o}\t{owner}\t{int(member.mtime)}\t{member.size}\t{what}"


def _hash(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := content.read(READ_BYTES):
        digest.update(part)
    return digest.hexdigest()[:HASH_DIGITS]


class _Hashing(io.RawIOBase):
    """A stream that keeps the sha256 of all that was read of it."""

    def __init__(self, source: Any) -> None:
        self._source, self.digest = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        part: bytes = self._source.read(size)
        self.digest.update(part)
        return part


class _Raw(io.RawIOBase):
    """A member of a streamed archive, as io.BufferedReader wants it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._source.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)
