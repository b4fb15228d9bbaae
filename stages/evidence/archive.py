"""A folder as one file, and back: equal folders give equal bytes, no other bytes are accepted.

The file is a tar as `pack` writes it. It is read block by block, and each header is compared with
the one that `pack` would have written, so that no reader of other forms of tar is needed.
"""

import errno
import os
import re
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from stages.errors import (
    DiskFullError,
    InputCorruptError,
    InputMissingError,
    NotWritableError,
    StageError,
)
from stages.evidence.limits import MAX_BUNDLE_BYTES, MAX_FILE_BYTES
from stages.evidence.names import Order, problem_of_name
from stages.evidence.opening import CHUNK, no_bundle, opened, require_unpacked, why_no_bundle
from stages.program import disk_space
from stages.program.printable import printable

FILE_MODE = 0o644
BLOCK = tarfile.BLOCKSIZE
# Where a header has the size, in octal, and the kind of its member.
_SIZE, _KIND = slice(124, 136), slice(156, 157)
_OCTAL = re.compile(rb"[0-7]{11}\0")
# The extended header of a long name. None that is allowed takes more than a block.
_LONG_NAME = re.compile(rb"\d+ path=([^\n\0]+)\n\0*")


class _FormError(Exception):
    """What is read is not as a bundle is."""


@dataclass(frozen=True, slots=True)
class _Member:
    """A file in a bundle: its name there, and its size in bytes."""

    name: str
    size: int


def pack(folder: Path, output: Path) -> None:
    """Write all files of a folder to a tar, uncompressed, without their owners, modes and times.

    Raises InputCorruptError if a file could not be unpacked again, for its name or its size.
    """
    members = list(_members_of(folder))
    with output.open("wb") as stream:
        for member in members:
            stream.write(_header(member))
            with (folder / member.name).open("rb") as content:
                shutil.copyfileobj(content, stream, CHUNK)
            stream.write(bytes(-member.size % BLOCK))
        stream.write(_end(stream.seek(0, os.SEEK_CUR)))


def _members_of(folder: Path) -> Iterator[_Member]:
    order, total = Order(), 0
    paths = (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    for path in sorted(paths, key=lambda path: path.relative_to(folder).parts):
        member = _Member(path.relative_to(folder).as_posix(), path.lstat().st_size)
        problem = problem_of_name(member.name) or order.problem_of(member.name)
        if not stat.S_ISREG(path.lstat().st_mode):
            problem = "it is no plain file"
        total += member.size
        if member.size > MAX_FILE_BYTES or total > MAX_BUNDLE_BYTES:
            problem = "it is too large for a bundle"
        if problem:
            raise InputCorruptError(f"{printable(member.name)}: {problem}; remove it")
        yield member


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of a tar made by `pack` to a new folder.

    Raises InputMissingError if there is none or it can't be read, InputCorruptError if it is none,
    or any byte is not as `pack` would have written it, DiskFullError if it does not fit.
    """
    folder.mkdir(exist_ok=True)
    with opened(archive) as stream:
        size = os.fstat(stream.fileno()).st_size
        try:
            require_unpacked(archive, stream)
            # All headers first: what is no bundle must leave nothing on the disk.
            _read_all(stream, lambda member: _skip(stream, member, size))
            _require_space(folder, size)
            stream.seek(0)
            _read_all(stream, lambda member: _write_file(stream, member, folder / member.name))
        except _FormError as error:
            raise _rejection(archive, stream, error) from None
        except OSError as error:
            raise _of_os_error(archive, folder, error) from None


def _rejection(archive: Path, stream: BinaryIO, error: _FormError) -> InputCorruptError:
    if why := why_no_bundle(stream):
        return no_bundle(archive, why)
    return InputCorruptError(f"{archive} was damaged or edited ({error}); get it again")


def _require_space(folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free < size:
        raise _no_space(folder)


def _no_space(folder: Path) -> DiskFullError:
    return DiskFullError(f"no space left in {folder.parent} to unpack it; free some, or set TMPDIR")


def _of_os_error(archive: Path, folder: Path, error: OSError) -> StageError:
    if error.errno in (*disk_space.FULL, errno.EFBIG):
        return _no_space(folder)
    why = os.strerror(error.errno or 0)
    if error.filename is None:  # not of a file that is written
        return InputMissingError(f"{archive} can't be read ({why}); get it again")
    return NotWritableError(f"{archive} can't be unpacked in {folder.parent} ({why}); set TMPDIR")


def _read_all(stream: BinaryIO, take: Callable[[_Member], None]) -> None:
    """Read all headers, and let `take` read the content of each member."""
    order = Order()
    while member := _read_member(stream):
        if problem := order.problem_of(member.name):
            raise _FormError(f"{printable(member.name)}: {problem}")
        take(member)
        if _read(stream, -member.size % BLOCK).strip(b"\0"):
            raise _FormError(f"{printable(member.name)}: something follows it")
    _require_end(stream)


def _read_member(stream: BinaryIO) -> _Member | None:
    """Return the next member, None at the end, where a block is empty."""
    header = _read(stream, BLOCK)
    if not header.strip(b"\0"):
        return None
    name = _text(header[:100].rstrip(b"\0"))
    if header[_KIND] == tarfile.XHDTYPE:
        extended = _read(stream, BLOCK)
        match = _LONG_NAME.fullmatch(extended)
        if match is None:
            raise _FormError("the header of a member is none that a bundle has")
        name, header = _text(match[1]), header + extended + _read(stream, BLOCK)
    if problem := problem_of_name(name):
        raise _FormError(f"{printable(name, 60)}: {problem}")
    member = _Member(name, _size_in(header[-BLOCK:], name))
    if _header(member) != header:
        raise _FormError(f"{printable(name)}: its header is none that a bundle has")
    return member


def _size_in(header: bytes, name: str) -> int:
    field = header[_SIZE]
    size = int(field[:-1], 8) if _OCTAL.fullmatch(field) else MAX_FILE_BYTES + 1
    if size > MAX_FILE_BYTES:
        raise _FormError(f"{printable(name)}: it is larger than {MAX_FILE_BYTES / 1e6:.0f} MB")
    return size


def _skip(stream: BinaryIO, member: _Member, size: int) -> None:
    if stream.seek(member.size, os.SEEK_CUR) > size:
        raise _FormError(f"{member.name}: it ends early")


def _write_file(stream: BinaryIO, member: _Member, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as output:
        left = member.size
        while left:
            output.write(_read(stream, min(left, CHUNK)))
            left -= min(left, CHUNK)


def _require_end(stream: BinaryIO) -> None:
    """Raise _FormError unless what follows the first empty block is what `pack` leaves."""
    written = stream.seek(0, os.SEEK_CUR) - BLOCK
    if bytes(BLOCK) + stream.read(tarfile.RECORDSIZE + 1) != _end(written):
        raise _FormError("its end is not that of a bundle")


def _read(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise _FormError("it ends early")
    return content


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="backslashreplace")


def _header(member: _Member) -> bytes:
    """Return the header that a member has; a long name takes three blocks."""
    info = tarfile.TarInfo(member.name)
    info.size, info.mode = member.size, FILE_MODE
    return info.tobuf(tarfile.PAX_FORMAT)


def _end(written: int) -> bytes:
    """Return what follows the members: two empty blocks, and some more for old tapes."""
    end = bytes(2 * BLOCK)
    return end + bytes(-(written + len(end)) % tarfile.RECORDSIZE)
