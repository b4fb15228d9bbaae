"""Bundles that someone made to do harm, or that came to harm: none may be accepted.

Each must be refused with a known exit code and one line, soon, and leave nothing behind. A test
tries them on a small bundle; `hostile_bundles` makes the same of any other.
"""

import bz2
import gzip
import io
import lzma
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from stages.evidence.archive import unpack
from tests.hostile_folders import FOLDERS
from tests.hostile_members import MEMBERS, lax_tar

# Each way writes one file, or what stands in its place, and returns its path.
Way = Callable[[Path, Path], Path]
SPARSE_BYTES = 100 * 10**9


def hostile_bundles(good: Path, folder: Path, every: int = 1) -> Iterator[tuple[str, Path]]:
    """Yield a name and the path of each hostile bundle, made of a good one in a new folder.

    A path may be that of a folder, a pipe or a device. Each is removed once the next is asked for.
    Some must be unpacked to be found out, which takes long: every nth of those is made.
    """
    folder.mkdir()
    for name, way in FILES.items():
        yield from _made(name, folder, partial(way, good, folder / "bundle.tar"))
    for name, change in MEMBERS.items():
        yield from _made(name, folder, partial(change, good, folder / "bundle.tar"))
    unpack(good, folder / "good")
    for name, edit in [*FOLDERS.items()][::every]:
        yield from _made(name, folder, partial(_edited, edit, folder))


def _made(name: str, folder: Path, make: Callable[[], Path]) -> Iterator[tuple[str, Path]]:
    path = make()
    yield name, path
    made = folder / "bundle.tar"
    if made.is_dir():
        made.rmdir()
    made.unlink(missing_ok=True)


def _edited(edit: Callable[[Path], None], folder: Path) -> Path:
    copy = folder / "copy"
    shutil.copytree(folder / "good", copy)
    edit(copy)
    lax_tar(copy, folder / "bundle.tar")
    shutil.rmtree(copy)
    return folder / "bundle.tar"


def _content(change: Callable[[bytes], bytes]) -> Way:
    def way(good: Path, path: Path) -> Path:
        path.write_bytes(change(good.read_bytes()))
        return path

    return way


def _place(make: Callable[[Path], object]) -> Way:
    def way(_: Path, path: Path) -> Path:
        make(path)
        return path

    return way


def _zip(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("bundle.tar", content)
    return stream.getvalue()


def _sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(SPARSE_BYTES)


def _cut(percent: int) -> Callable[[bytes], bytes]:
    return lambda content: content[: percent * len(content) // 100]


def _flipped(position: int) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[position * len(content) // 100] ^= 1
        return bytes(changed)

    return change


FILES: dict[str, Way] = {
    "a folder": _place(Path.mkdir),
    "a pipe": _place(os.mkfifo),
    "a link to itself": _place(lambda path: path.symlink_to(path)),
    "a link to nothing": _place(lambda path: path.symlink_to("/nowhere/bundle.tar")),
    "a link to an endless device": _place(lambda path: path.symlink_to("/dev/zero")),
    "an endless device": lambda *_: Path("/dev/zero"),
    "an empty device": lambda *_: Path("/dev/null"),
    "a file of the kernel": lambda *_: Path("/proc/self/mem"),
    "missing": lambda _, path: path,
    "below a file": lambda good, _: good / "bundle.tar",
    "a name that is too long": lambda _, path: path.with_name("n" * 300),
    "an address": lambda *_: Path("https://example.org/bundle.tar"),
    "a sparse file": _place(_sparse),
    "empty": _content(lambda _: b""),
    "one byte": _content(lambda _: b"x"),
    "text": _content(lambda _: b"<html>404 Not Found</html>\n" * 40),
    "zeros": _content(lambda content: bytes(len(content))),
    "only an end": _content(lambda _: bytes(10240)),
    "gzip": _content(gzip.compress),
    "bzip2": _content(lambda content: bz2.compress(content[:100_000])),
    "xz": _content(lambda content: lzma.compress(content[:100_000])),
    "zip": _content(_zip),
    "zstd": _content(lambda content: b"\x28\xb5\x2f\xfd" + content),
    **{f"cut after {percent}%": _content(_cut(percent)) for percent in (1, 10, 50, 90, 99)},
    "cut by a block": _content(lambda content: content[:-512]),
    "without its end": _content(lambda content: content.rstrip(b"\0")),
    "with a block more": _content(lambda content: content + bytes(512)),
    "with a record more": _content(lambda content: content + bytes(10240)),
    "with data behind it": _content(lambda content: content + b"#!/bin/sh\n"),
    "twice": _content(lambda content: content + content),
    "with data before it": _content(lambda content: b"#!/bin/sh\n" + content),
    **{f"a bit flipped at {percent}%": _content(_flipped(percent)) for percent in range(0, 100, 9)},
    "bytes in another order": _content(lambda content: content[::-1]),
    "in Windows' line ends": _content(lambda content: content.replace(b"\n", b"\r\n")),
    "as text in UTF-16": _content(lambda content: content.decode("latin-1").encode("utf-16")),
    "an old tar": _content(lambda content: _again(content, tarfile.USTAR_FORMAT, mtime=1)),
    "GNU's tar": _content(lambda content: _again(content, tarfile.GNU_FORMAT)),
}


def _again(content: bytes, form: int, mtime: int = 0) -> bytes:
    stream = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(content)) as old,
        tarfile.open(fileobj=stream, mode="w", format=form) as new,
    ):
        for member in old:
            member.mtime = mtime
            new.addfile(member, old.extractfile(member))
    return stream.getvalue()
