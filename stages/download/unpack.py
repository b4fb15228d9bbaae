"""Unpack the archive of a module from a stranger: plain files alone, within limits."""

import bz2
import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from stages.download.limits import GB, MAX_DEPTH, MAX_FILES, MAX_UNPACKED_BYTES, MB
from stages.errors import ModelError, from_os_error
from stages.program.printable import printable

# Python reads the head of a file in one piece; those that name and size make do with less.
MAX_READ_BYTES = 4 * MB
CHUNK_BYTES = 2**20
MAX_NAME = 100
_OPENERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}
_REMEDY = "give the handle of a TF2 SavedModel, packed as TensorFlow Hub does it"


def unpack(archive: Path, folder: Path, max_bytes: int = MAX_UNPACKED_BYTES) -> None:
    """Unpack a tar, which may be compressed, to a new `folder`.

    Raises ModelError if it holds anything but files and folders below `folder`, is too big, or is
    no SavedModel; DiskFullError.
    """
    folder.mkdir()
    try:
        # Not one that is compressed again, whose size would not be known.
        with _open(archive) as stream, _tar(bounded := _Bounded(stream, max_bytes)) as tar:
            _extract(tar, folder)
            while bounded.read(CHUNK_BYTES):
                pass  # up to the checksum at the end of what is compressed
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise _refusal("is no tar archive, or damaged") from error
    except OSError as error:
        raise from_os_error(error) or _refusal("is damaged") from error
    if not is_saved_model(folder):
        raise _refusal("holds no saved_model.pb at its top")


def is_saved_model(folder: Path) -> bool:
    """Return whether a folder has what makes it a SavedModel at its top."""
    return any((folder / f"saved_model.{kind}").is_file() for kind in ("pb", "pbtxt"))


def _open(archive: Path) -> Any:
    with archive.open("rb") as file:
        return _OPENERS.get(file.read(2), open)(archive, "rb")


def _tar(stream: Any) -> tarfile.TarFile:
    return tarfile.open(fileobj=stream, mode="r:")


class _Bounded(io.RawIOBase):
    """A stream that ends with ModelError where it grows beyond `max_bytes`."""

    def __init__(self, stream: Any, max_bytes: int) -> None:
        self._stream, self._max_bytes = stream, max_bytes

    def read(self, size: int = -1) -> Any:
        if not 0 <= size <= MAX_READ_BYTES:
            raise _refusal("has a name or an attribute that is too long")
        self._require_within(self._stream.seek(0, io.SEEK_CUR) + size)
        return self._stream.read(size)

    def seek(self, position: int, whence: int = 0) -> Any:
        if whence == 0:
            self._require_within(position)
        return self._stream.seek(position, whence)

    def _require_within(self, position: int) -> None:
        # Beyond its end, an archive is filled up with blocks.
        if position > self._max_bytes + MB:
            raise _refusal(f"holds more than {self._max_bytes / GB:.3g} GB")


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    for member in _checked(tar):
        path = folder / member.name
        if member.isdir():
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        source = tar.extractfile(member)
        if source is None:
            raise _refusal("is damaged")
        # Not over a file of the same name, nor through anything else that has it.
        with path.open("xb") as file:
            while chunk := source.read(CHUNK_BYTES):
                file.write(chunk)


def _checked(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for count, member in enumerate(tar):
        name = printable(member.name, MAX_NAME)
        parts = PurePosixPath(member.name).parts
        if count >= MAX_FILES:
            raise _refusal(f"holds more than {MAX_FILES} files")
        if not (member.isfile() or member.isdir()) or member.issparse():
            raise _refusal(f"holds {name}, which is neither a plain file nor a folder")
        if ".." in parts or member.name.startswith("/") or "\0" in member.name:
            raise _refusal(f"holds {name}, which would be outside of its folder")
        if len(parts) > MAX_DEPTH:
            raise _refusal(f"holds {name}, which is in more than {MAX_DEPTH} folders")
        yield member


def _refusal(what: str) -> ModelError:
    return ModelError(f"the module that was downloaded {what}; {_REMEDY}")
