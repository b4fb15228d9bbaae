"""What is given as a bundle, opened if it may be one; else what it is instead."""

import errno
import lzma
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from stages.errors import InputCorruptError
from stages.evidence.given import not_there
from stages.evidence.limits import MAX_BUNDLE_BYTES, MAX_XZ_MEMORY, MAX_XZ_STREAMS, MIB
from stages.files.checksums import CHECKSUMS
from stages.files.packed import SIGNATURE_BYTES, compression_of
from stages.folder.full_disk import require_no_full_disk

CHUNK = MIB
# Mode, owner, group, size and time of a member as a bundle has them; other tars have a time.
_OWN_HEADER = re.compile(rb"0000644\x000000000\x000000000\x00[0-7]{11}\x000{11}\x00")
_OWN_HEADER_BYTES = 48
# A bundle's first member, as its names are in order.
_OWN_START = CHECKSUMS.encode() + b"\0"
_TAR_MAGIC = slice(257, 262)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


class _BeyondLimitError(Exception):
    """What xz compressed may be whole, but takes more to decompress than it is given."""


def opened(archive: Path) -> BinaryIO:
    """Open a bundle, which may be a trap: a pipe that never ends, a device, a link to either.

    One that xz compressed is decompressed to a temporary file without a name. Raises
    InputMissingError if there is none or it can't be read, InputCorruptError if it is no plain
    file, or larger than a bundle may be, DiskFullError if there is no room to decompress it.
    """
    descriptor = _open(archive)
    try:
        _require_file(archive, os.fstat(descriptor))
    except InputCorruptError:
        os.close(descriptor)
        raise
    stream = os.fdopen(descriptor, "rb")
    return _decompressed(archive, stream) if _is_by_xz(stream) else stream


def _is_by_xz(stream: BinaryIO) -> bool:
    try:
        start = stream.read(SIGNATURE_BYTES)
        stream.seek(0)
    except OSError:
        return False  # whoever reads it next says why
    return compression_of(start) == "xz"


def _decompressed(archive: Path, stream: BinaryIO) -> BinaryIO:
    """Return what a file holds, of which no more than a bundle may have is ever written."""
    whole: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asked closes it
    try:
        with stream, _in_words(archive):
            _decompress(stream, whole)
            whole.seek(0)
    except BaseException:
        whole.close()
        raise
    return whole


@contextmanager
def _in_words(archive: Path) -> Iterator[None]:
    try:
        yield
    except _BeyondLimitError as error:
        raise InputCorruptError(
            f"{archive} is not decompressed here ({error}); "
            "unpack it by `xz -dk`, and name the file that comes out"
        ) from None
    except (lzma.LZMAError, EOFError):
        raise InputCorruptError(f"{archive} was damaged (xz can't read it); get it again") from None
    except OverflowError:
        raise no_bundle(archive, f"it is larger than {MAX_BUNDLE_BYTES / 1e6:.0f} MB") from None
    except OSError as error:
        require_no_full_disk(error)
        raise


def _decompress(stream: BinaryIO, whole: BinaryIO) -> None:
    """Write what xz compressed: its streams one after the other, with or without padding.

    Raises LZMAError or EOFError if it is no such, OverflowError if it is too large,
    _BeyondLimitError if it takes too much memory, or has too many streams.
    """
    following = stream.read(CHUNK)
    for _ in range(MAX_XZ_STREAMS):
        following = _past_padding(_decompress_one(following, stream, whole), stream)
        if not following:
            return
    raise _BeyondLimitError(f"it has more than {MAX_XZ_STREAMS} streams")


def _decompress_one(packed: bytes, stream: BinaryIO, whole: BinaryIO) -> bytes:
    """Write what the next of xz's streams holds; return what was read of those behind it."""
    xz = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_XZ_MEMORY)
    while not xz.eof:
        with _by_cause():
            whole.write(xz.decompress(packed, max_length=CHUNK))
        if whole.seek(0, os.SEEK_CUR) > MAX_BUNDLE_BYTES:
            raise OverflowError
        packed = stream.read(CHUNK) if xz.needs_input and not xz.eof else b""
        if xz.needs_input and not xz.eof and not packed:
            raise EOFError
    return xz.unused_data


@contextmanager
def _by_cause() -> Iterator[None]:
    try:
        yield
    except lzma.LZMAError as error:
        if "limit" not in str(error):  # the module has no other sign of it
            raise
        why = f"it takes more than {MAX_XZ_MEMORY // MIB} MiB of memory"
        raise _BeyondLimitError(why) from None


def _past_padding(packed: bytes, stream: BinaryIO) -> bytes:
    """Return what follows the zeros, of which xz allows some between streams and at the end."""
    while not (rest := packed.lstrip(b"\0")) and (packed := stream.read(CHUNK)):
        pass
    return rest


def require_unpacked(archive: Path, stream: BinaryIO) -> None:
    """Raise InputCorruptError if a file is compressed; OSError if it can't be read."""
    kind = compression_of(stream.read(SIGNATURE_BYTES))
    stream.seek(0)
    if kind:
        raise InputCorruptError(
            f"{archive} is no bundle (it is compressed by {kind}); "
            "unpack it, and name the bundle if one comes out"
        )


def _open(archive: Path) -> int:
    try:
        # Without O_NONBLOCK, to open a pipe would wait for who writes to it.
        return os.open(archive, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise no_bundle(archive, "it is a socket, or a device that is not there") from None
        raise not_there(archive, error) from None


def _require_file(archive: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise no_bundle(archive, f"it is {_KINDS.get(stat.S_IFMT(found.st_mode), 'no plain file')}")
    if found.st_size > MAX_BUNDLE_BYTES:
        raise no_bundle(archive, f"it is larger than {MAX_BUNDLE_BYTES / 1e6:.0f} MB")


def no_bundle(archive: Path, why: str) -> InputCorruptError:
    """Return the error of a file that never was a bundle: `why` begins with "it"."""
    return InputCorruptError(
        f"{archive} is no bundle ({why}); name a file that `invoke bundle` wrote"
    )


def why_no_bundle(stream: BinaryIO) -> str:
    """Return what a file is that never was a bundle; nothing if it is one that came to harm."""
    stream.seek(0)
    start = stream.read(512)
    if not start:
        return "it is empty"
    if start.startswith(_OWN_START) or _has_own_header(start, stream):
        return ""
    if start[_TAR_MAGIC] == b"ustar":
        return "it is a tar of something else, or was packed again"
    return "it has nothing that a bundle has"


def _has_own_header(start: bytes, stream: BinaryIO) -> bool:
    """Return whether a member's header is anywhere, be it moved by what was put before it."""
    content = start
    while not _OWN_HEADER.search(content):
        more = stream.read(CHUNK)
        if not more:
            return False
        content = content[-_OWN_HEADER_BYTES:] + more
    return True
