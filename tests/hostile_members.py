"""Bundles whose tar has a member that no bundle has."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stages.evidence.limits import MAX_FILES, MAX_FOLDERS
from tests.hostile_names import ODD_NAMES, OUTSIDE

CONTENT = b"hostile\n"
BLOCK = tarfile.BLOCKSIZE
KINDS = {
    "a folder": tarfile.DIRTYPE,
    "a link": tarfile.SYMTYPE,
    "a hard link": tarfile.LNKTYPE,
    "a device": tarfile.CHRTYPE,
    "a disk": tarfile.BLKTYPE,
    "a pipe": tarfile.FIFOTYPE,
    "a sparse file": tarfile.GNUTYPE_SPARSE,
    "a contiguous file": tarfile.CONTTYPE,
    "an old file": tarfile.AREGTYPE,
    "a long name": tarfile.GNUTYPE_LONGNAME,
    "a long link": tarfile.GNUTYPE_LONGLINK,
    "a header for all": tarfile.XGLTYPE,
    "an extended header": tarfile.XHDTYPE,
    "Solaris' header": tarfile.SOLARIS_XHDTYPE,
    "a volume": b"V",
    "a kind that is not known": b"Q",
}
FIELDS: dict[str, dict[str, Any]] = {
    "an owner": {"uid": 1000},
    "a group": {"gid": 1000},
    "an owner's name": {"uname": "root"},
    "a group's name": {"gname": "root"},
    "a time": {"mtime": 1},
    "a mode": {"mode": 0o4755},
    "no mode": {"mode": 0},
    "a target": {"linkname": "/etc/shadow"},
    "a device's number": {"devmajor": 1, "devminor": 5},
}
EXTENDED: dict[str, dict[str, str]] = {
    "another size": {"size": "1"},
    "a huge size": {"size": "99999999999999"},
    "a negative size": {"size": "-1"},
    "another path": {"path": f"/tmp/{OUTSIDE}"},
    "a path upwards": {"path": f"../../{OUTSIDE}"},
    "a target": {"linkpath": "/etc/shadow"},
    "an encoding": {"hdrcharset": "BINARY"},
    "a comment": {"comment": "x" * 100},
    "a long comment": {"comment": "x" * 100_000},
    "GNU's sparse form 0.1": {"GNU.sparse.size": "99999999999", "GNU.sparse.map": "0,1"},
    "GNU's sparse form 1.0": {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.realsize": "99999999999",
        "GNU.sparse.name": "x",
    },
    "an attribute": {"SCHILY.xattr.security.capability": "x"},
}


def lax_tar(folder: Path, output: Path) -> None:
    """Write a folder's files as a bundle has them, whatever their names are."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with output.open("wb") as stream:
        for path in files:
            content = path.read_bytes()
            member = _member(path.relative_to(folder).as_posix(), content)
            stream.write(_header(member) + content + bytes(-len(content) % BLOCK))
        stream.write(bytes(2 * BLOCK))
        stream.write(bytes(-stream.seek(0, os.SEEK_CUR) % tarfile.RECORDSIZE))


def _member(name: str, content: bytes = CONTENT, **fields: Any) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    for field, value in fields.items():
        setattr(member, field, value)
    return member


def _header(member: tarfile.TarInfo) -> bytes:
    return member.tobuf(tarfile.PAX_FORMAT, errors="surrogateescape")


def _inserted(*added: bytes) -> Callable[[Path, Path], Path]:
    """Return what writes a good bundle with some bytes before its first member."""

    def change(good: Path, path: Path) -> Path:
        path.write_bytes(b"".join(added) + good.read_bytes())
        return path

    return change


def _in_place(name: str) -> Callable[[Path, Path], Path]:
    """Return what writes a good bundle with one member more, where its name belongs."""

    def change(good: Path, path: Path) -> Path:
        members = [*_read(good), (name, CONTENT)]
        with path.open("wb") as stream:
            for own, content in sorted(members, key=lambda member: member[0].split("/")):
                padding = bytes(-len(content) % BLOCK)
                stream.write(_header(_member(own, content)) + content + padding)
            stream.write(bytes(2 * BLOCK))
            stream.write(bytes(-stream.seek(0, os.SEEK_CUR) % tarfile.RECORDSIZE))
        return path

    return change


def _read(good: Path) -> list[tuple[str, bytes]]:
    with tarfile.open(good) as tar:
        files = ((member.name, tar.extractfile(member)) for member in tar)
        return [(name, file.read()) for name, file in files if file]


def _body(content: bytes = CONTENT) -> bytes:
    return content + bytes(-len(content) % BLOCK)


def _damaged(offset: int, field: bytes, *, summed: bool = True) -> bytes:
    """Return the header of a good member with other bytes at an offset, its checksum fitting."""
    header = bytearray(_header(_member("a")))
    header[offset : offset + len(field)] = field
    if summed:
        header[148:156] = b"%06o\0 " % (256 + sum(header[:148]) + sum(header[156:]))
    return bytes(header) + _body()


def _many(count: int, name: Callable[[int], str]) -> Callable[[Path, Path], Path]:
    def change(_: Path, path: Path) -> Path:
        headers = sorted((name(number) for number in range(count)), key=lambda own: own.split("/"))
        with path.open("wb") as stream:
            stream.writelines(_header(_member(own, b"")) for own in headers)
            stream.write(bytes(2 * BLOCK))
            stream.write(bytes(-stream.seek(0, os.SEEK_CUR) % tarfile.RECORDSIZE))
        return path

    return change


def _sized(field: bytes) -> bytes:
    return _damaged(124, field)


def _cut_pax(size: bytes) -> bytes:
    header = bytearray(_header(_member("n" * 120)))
    header[124:136] = size
    header[148:156] = b"%06o\0 " % (256 + sum(header[:148]) + sum(header[156:512]))
    return bytes(header)


MEMBERS: dict[str, Callable[[Path, Path], Path]] = {
    **{name: _in_place(odd) for name, odd in ODD_NAMES.items()},
    **{
        f"a member that is {name}": _inserted(
            _header(_member("a", b"", type=kind, linkname="manifest.json"))
        )
        for name, kind in KINDS.items()
    },
    **{
        f"a link by the name of {target}": _inserted(
            _header(_member("a", b"", type=tarfile.SYMTYPE, linkname=target))
        )
        for target in ("/etc/shadow", "/proc/kmsg", "..", "a")
    },
    **{
        f"a member with {name}": _inserted(_header(_member("a", **fields)), _body())
        for name, fields in FIELDS.items()
    },
    **{
        f"an extended header with {name}": _inserted(
            _header(_member("a", pax_headers=headers)), _body()
        )
        for name, headers in EXTENDED.items()
    },
    "members in another order": _inserted(_header(_member("z")), _body()),
    "a member with a wrong checksum": _inserted(_damaged(148, b"000000\0 ", summed=False)),
    "a member with a checksum in other digits": _inserted(
        _damaged(148, b"       \0", summed=False)
    ),
    "a member with another magic": _inserted(_damaged(257, b"USTAR\0")),
    "a member with data behind its header": _inserted(_damaged(500, b"x")),
    "a member with data behind its name": _inserted(_damaged(2, b"hidden")),
    "a member in a prefix": _inserted(_damaged(345, b"../..")),
    "a member with data behind its content": _inserted(
        _header(_member("a")), CONTENT.ljust(BLOCK, b"x")
    ),
    "a size beyond the end": _inserted(_sized(b"77777777777\0")),
    "a size of 256 MiB": _inserted(_sized(b"02000000000\0")),
    "a size in 64 bits": _inserted(_sized(b"\x80" + b"\xff" * 11)),
    "a size that is negative": _inserted(_sized(b"\xff" * 12)),
    "a size with spaces": _inserted(_sized(b"         10 ")),
    "a size in words": _inserted(_sized(b"a few bytes\0")),
    "a size of nothing": _inserted(_sized(bytes(12))),
    "a size in digits that are none": _inserted(_sized(b"00000000018\0")),
    "an extended header of 1 GB": _inserted(_cut_pax(b"07777777777\0")),
    "an extended header of nothing": _inserted(_cut_pax(b"00000000000\0")),
    "an extended header that is cut": lambda _, path: _written(
        path, _cut_pax(b"00000000200\0")[:600]
    ),
    "extended headers in a row": _inserted(_header(_member("n" * 120))[:1024] * 3),
    "a header that is cut": lambda _, path: _written(path, _header(_member("a"))[:300]),
    "more files than may be": _many(MAX_FILES + 1, lambda number: f"artifacts/{number:06}"),
    "many folders": _many(MAX_FOLDERS // 5, lambda number: f"artifacts/{number:06}/a/b/c/d/e"),
    "many empty records": lambda _, path: _written(path, io.BytesIO(bytes(5 * 10**6)).read()),
}


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
