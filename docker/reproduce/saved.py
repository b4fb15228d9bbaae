"""Read from `docker save` what images consist of: configurations, layers, files.

The result is the same for every engine and store: a layer is known by the sha256 of its tar (its
diff_id) and an image by that of its configuration, however the engine keeps or compresses them.
"""

import gzip
import hashlib
import io
import os
import signal
import subprocess
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from docker.host.environment import engine_environment
from stages.errors import EngineError

GZIP_MAGIC = b"\x1f\x8b"
READ_BYTES = 1 << 20
# A configuration or manifest takes some KB; what is larger is none.
MAX_JSON_BYTES = 1 << 24
# What reading a tar, gzip or JSON file of another form raises.
UNREADABLE = (
    tarfile.TarError,
    zlib.error,
    OSError,
    EOFError,
    LookupError,
    ValueError,
    OverflowError,
    RecursionError,
)
# Digits of a file's sha256 in a listing: enough to show a change; the layer's digest is the proof.
HASH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer's diff_id, and a line for each of its files, in the tar's order."""

    diff_id: str
    listing: list[str]


@dataclass(frozen=True, slots=True)
class Image:
    """The digest of an image's configuration, and its layers, the lowest first."""

    config: str
    layers: list[Layer]


def read_images(tags: Sequence[str]) -> dict[str, Image]:
    """Return the images with these tags, or the one with this ID.

    Raises EngineError if the engine can't save them, or saves them in another form.
    """
    with _saved(tags) as stream:
        # One that is asked for by its ID has no name in the archive.
        images = parse_archive(stream, tags[0] if len(tags) == 1 else "")
    names = {tag: tag if ":" in tag else f"{tag}:latest" for tag in tags}
    missing = [tag for tag, name in names.items() if name not in images]
    if missing:
        raise EngineError(f"the engine saved no image {', '.join(missing)}; build it again")
    return {tag: images[name] for tag, name in names.items()}


def parse_archive(stream: IO[bytes], asked: str = "") -> dict[str, Image]:
    """Return the images in what `docker save` wrote, by each of their names.

    `asked` is one more name, that of the only image.

    Raises EngineError if it is of another form, or cut short.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            json_files, layers = _read_archive(archive)
        manifest = msgspec.json.decode(json_files["manifest.json"], type=list[Entry])
        return {
            tag: Image(
                f"sha256:{hashlib.sha256(json_files[entry.Config]).hexdigest()}",
                [layers[name] for name in entry.Layers],
            )
            for entry in manifest
            for tag in [*(entry.RepoTags or []), *([asked] if asked else [])]
        }
    except UNREADABLE as error:
        raise EngineError(
            f"what `docker save` gives can't be read ({error!r}); build the images again"
        ) from None


class Entry(msgspec.Struct):
    """An image in manifest.json, as `docker save` names its parts."""

    Config: str
    Layers: list[str]
    RepoTags: list[str] | None = None


@contextmanager
def _saved(tags: Sequence[str]) -> Iterator[IO[bytes]]:
    """Yield the output of `docker save`."""
    broken: EngineError | None = None
    command, environment = ["docker", "save", *tags], engine_environment(os.environ)
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        if process.stdout is None:
            raise AssertionError("it was asked for a pipe")
        try:
            yield process.stdout
            process.stdout.read()
        except EngineError as error:
            broken = error
    if process.returncode not in (0, -signal.SIGPIPE):
        raise EngineError(f"{', '.join(tags)} can't be saved; the lines above say why")
    if broken:
        raise broken


def _read_archive(archive: tarfile.TarFile) -> tuple[dict[str, bytes], dict[str, Layer]]:
    """Return the archive's JSON files and its layers, by name."""
    json_files: dict[str, bytes] = {}
    layers: dict[str, Layer] = {}
    for member in archive:
        content = archive.extractfile(member)
        if not content:
            continue
        stream = io.BufferedReader(_Raw(content), READ_BYTES)
        if stream.peek(1)[:1] in (b"{", b"["):
            json_files[member.name] = stream.read(MAX_JSON_BYTES)
            if stream.peek(1):
                raise ValueError(f"{member.name} has more than {MAX_JSON_BYTES} bytes")
        elif Path(member.name).name != "VERSION":
            layers[member.name] = read_layer(stream)
    return json_files, layers


def read_layer(stream: "io.BufferedReader[Any]") -> Layer:
    """Return the layer whose tar, gzipped or not, is in a stream."""
    hashed = _hashed(stream)
    with tarfile.open(fileobj=hashed, mode="r|") as tar:
        listing = [_line(tar, member) for member in tar]
    return Layer(hashed.diff_id(), listing)


def diff_id_of(stream: "io.BufferedReader[Any]") -> str:
    """Return the diff_id of the layer whose tar, gzipped or not, is in a stream."""
    return _hashed(stream).diff_id()


def _hashed(stream: "io.BufferedReader[Any]") -> "_Hashed":
    compressed = stream.peek(2).startswith(GZIP_MAGIC)
    return _Hashed(gzip.GzipFile(fileobj=stream) if compressed else stream)


def _line(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    owner = f"{member.uid}:{member.gid}"
    kind = member.type.decode("ascii", "replace").strip("\0") or "0"
    path = member.name.removeprefix("./").rstrip("/")
    time, size, content = int(member.mtime), member.size, _content(tar, member)
    return f"{path}\t{kind}\t{member.mode:o}\t{owner}\t{time}\t{size}\t{content}"


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    """Return the start of a file's sha256, the target of a link, or a dash."""
    if member.isreg() and (file := tar.extractfile(member)):
        return _short_sha256(file)
    return f"-> {member.linkname}" if member.linkname else "-"


def _short_sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := file.read(READ_BYTES):
        digest.update(part)
    return digest.hexdigest()[:HASH_DIGITS]


class _Hashed(io.RawIOBase):
    """A stream that computes the sha256 of all that is read from it."""

    def __init__(self, source: Any) -> None:
        self._source, self._digest = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        part: bytes = self._source.read(size)
        self._digest.update(part)
        return part

    def diff_id(self) -> str:
        """Read what is left, and return the digest of all."""
        while self.read(READ_BYTES):
            pass
        return f"sha256:{self._digest.hexdigest()}"


class _Raw(io.RawIOBase):
    """A member of a streamed archive, with the methods that io.BufferedReader needs."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._source.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)
