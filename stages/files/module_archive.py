"""Read the archive of a module from a stranger: plain files alone, within limits."""

import bz2
import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from stages.errors import ModelError, from_os_error
from stages.files.limits import GB, MAX_DEPTH, MAX_FILES, MAX_UNPACKED_BYTES, MB
from stages.files.packed import SIGNATURE_BYTES, compression_of
from stages.program.printable import printable

# Python reads the head of a file in one piece; those that name and size make do with less.
MAX_READ_BYTES = 4 * MB
CHUNK_BYTES = 2**20
MAX_NAME = 100
# Folders of all members together, bytes of a name in a folder, and of a path below the module's
# own, for which and for the file system's notes there must be room in the 4096 that Linux takes.
MAX_FOLDERS, MAX_PART_BYTES, MAX_PATH_BYTES = 10_000, 255, 2048
# What TensorFlow reads a SavedModel from.
GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
_OPENERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}
_REMEDY = "give a TF2 SavedModel, packed by tar and gzip as TensorFlow Hub does it"


def unpack(archive: Path, folder: Path, what: str, max_bytes: int = MAX_UNPACKED_BYTES) -> None:
    """Unpack a tar, which may be compressed, to a new `folder`, with the SavedModel at its top.

    The model may be in a folder of the archive's top. Raises ModelError, which calls the archive
    `what`, if it holds anything but files and folders below `folder`, is too big, or is no
    SavedModel; DiskFullError.
    """
    folder.mkdir()
    # Not one that is compressed again, whose size would not be known.
    with _reading(archive, what, max_bytes) as (tar, bounded):
        _extract(tar, folder)
        while bounded.read(CHUNK_BYTES):
            pass  # up to the checksum at the end of what is compressed
    if not holds_model(folder) and not _lift(folder):
        raise ModelError(_without_model(what))


def require_model_in(archive: Path, what: str, max_bytes: int = MAX_UNPACKED_BYTES) -> None:
    """Read an archive up to its SavedModel, and write nothing.

    Raises ModelError if there is none, or if it can't be one that `unpack` takes.
    """
    with _reading(archive, what, max_bytes) as (tar, _):
        for member in _checked(tar):
            parts = PurePosixPath(member.name).parts
            if parts and parts[-1] in GRAPHS and len(parts) <= 2 and member.isfile():
                return
    raise ModelError(_without_model(what))


def holds_model(folder: Path) -> bool:
    """Return whether a folder has the graph of a SavedModel in it."""
    # pathlib's fails for a folder that this user can't search.
    return any(os.path.isfile(folder / name) for name in GRAPHS)  # noqa: PTH113


def _lift(folder: Path) -> bool:
    """Put the model of a folder's only folder in its place; return whether there is one."""
    inner = [path for path in folder.iterdir() if path.is_dir()]
    if len(inner) != 1 or not holds_model(inner[0]):
        return False
    aside = folder.with_name(f"{folder.name}.packed")
    folder.rename(aside)
    (aside / inner[0].name).rename(folder)
    for path in aside.iterdir():  # notes of other systems' tar, beside the folder
        path.unlink()
    aside.rmdir()
    return True


@contextmanager
def _reading(
    archive: Path, what: str, max_bytes: int
) -> Iterator[tuple[tarfile.TarFile, "_Bounded"]]:
    """Open an archive; what is wrong with it becomes a ModelError that calls it `what`."""
    try:
        with _open(archive) as stream, _tar(bounded := _Bounded(stream, max_bytes)) as tar:
            yield tar, bounded
    except _Refused as error:
        raise ModelError(f"{what} {error}; {_REMEDY}") from error
    # RecursionError: where each header announces another, tarfile reads one inside the other.
    except (
        *(tarfile.TarError, EOFError, zlib.error, ValueError, OverflowError),
        RecursionError,
    ) as error:
        raise ModelError(f"{what} is {_instead(archive)}; {_REMEDY}") from error
    except OSError as error:
        damaged = ModelError(f"{what} is damaged; {_REMEDY}")
        raise from_os_error(error) or damaged from error


def _instead(archive: Path) -> str:
    """Return what a file is that can't be read as a tar."""
    with archive.open("rb") as file:
        kind = compression_of(file.read(SIGNATURE_BYTES))
    other = kind not in ("", "gzip", "bzip2")
    return f"compressed by {kind}" if other else "no tar archive, or damaged"


def _open(archive: Path) -> Any:
    with _reading_source(), archive.open("rb") as file:
        return _OPENERS.get(file.read(2), open)(archive, "rb")


def _tar(stream: Any) -> tarfile.TarFile:
    return tarfile.open(fileobj=stream, mode="r:")


class _Refused(Exception):
    """What an archive holds, or is, that no module may."""


@contextmanager
def _reading_source() -> Iterator[None]:
    """Let what the system says of an archive not be taken for what it says of the artifacts."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # of what unpacks it
            raise
        raise _Refused(f"can't be read ({error.strerror})") from error


class _Bounded(io.RawIOBase):
    """A stream that ends with _Refused where it grows beyond `max_bytes`."""

    def __init__(self, stream: Any, max_bytes: int) -> None:
        self._stream, self._max_bytes = stream, max_bytes

    def read(self, size: int = -1) -> Any:
        if not 0 <= size <= MAX_READ_BYTES:
            raise _Refused("has a name or an attribute that is too long")
        self._require_within(self._stream.seek(0, io.SEEK_CUR) + size)
        with _reading_source():
            return self._stream.read(size)

    def seek(self, position: int, whence: int = 0) -> Any:
        if whence == 0:
            self._require_within(position)
        return self._stream.seek(position, whence)

    def _require_within(self, position: int) -> None:
        # Beyond its end, an archive is filled up with blocks.
        if position > self._max_bytes + MB:
            raise _Refused(f"holds more than {self._max_bytes / GB:.3g} GB")


def _extract(tar: tarfile.TarFile, folder: Path) -> None:
    for member in _checked(tar):
        try:
            _write(tar, member, folder / member.name)
        # Not over a file of the same name, nor through anything else that has it.
        except (FileExistsError, NotADirectoryError):
            name = printable(member.name, MAX_NAME)
            raise _Refused(f"holds {name} twice, or as a file and as a folder") from None


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    if source is None:
        raise _Refused("is damaged")
    with path.open("xb") as file:
        while chunk := source.read(CHUNK_BYTES):
            file.write(chunk)


def _checked(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    folders = set[PurePosixPath]()
    for count, member in enumerate(tar):
        name = printable(member.name, MAX_NAME)
        parts = PurePosixPath(member.name).parts
        if count >= MAX_FILES:
            raise _Refused(f"holds more than {MAX_FILES} files")
        if not (member.isfile() or member.isdir()) or member.issparse():
            raise _Refused(f"holds {name}, which is neither a plain file nor a folder")
        if ".." in parts or member.name.startswith("/") or "\0" in member.name:
            raise _Refused(f"holds {name}, which would be outside of its folder")
        if not parts and not member.isdir():
            raise _Refused("holds a file without a name")
        if len(parts) > MAX_DEPTH:
            raise _Refused(f"holds {name}, which is in more than {MAX_DEPTH} folders")
        if not _is_plain(member.name):
            raise _Refused(f"holds {name}, whose name no model's file has")
        folders.update(PurePosixPath(member.name).parents)
        if len(folders) > MAX_FOLDERS:
            raise _Refused(f"holds more than {MAX_FOLDERS} folders")
        yield member


def _is_plain(name: str) -> bool:
    """Return whether a file may have a name: one that a list can have, and a file system."""
    too_long = any(len(os.fsencode(part)) > MAX_PART_BYTES for part in name.split("/"))
    too_long |= len(os.fsencode(name)) > MAX_PATH_BYTES
    return name.isprintable() and "\\" not in name and not too_long


def _without_model(what: str) -> str:
    return f"{what} holds no saved_model.pb at its top, or in its only folder; {_REMEDY}"
