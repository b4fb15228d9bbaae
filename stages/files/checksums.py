"""SHA256SUMS: the list of a folder's files, in the format of `sha256sum`, strictly read.

A folder is whole if the list names each file that is there, each that it names is there with the
content that it had, and there is nothing but plain files and folders.
"""

import errno
import hashlib
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from stages.errors import InputCorruptError
from stages.files.descent import walk
from stages.files.member import is_inside, read_plain
from stages.program.naming import naming
from stages.program.printable import printable, shortened

CHECKSUMS = "SHA256SUMS"
# A line has some 100 bytes, and a bundle at most 50,000 files.
MAX_LIST_BYTES = 32 * 2**20
LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)")


def sha256(path: Path) -> str:
    """Return the sha256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with naming(path), path.open("rb") as stream:
        while chunk := stream.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def write_checksums(folder: Path) -> None:
    """Write the list of the sha256 of all files in a folder, as the last file in it.

    Raises InputCorruptError for what the list can't name: no plain file, or an odd name.
    """
    names = sorted(name for name in _files(folder, "") if name != CHECKSUMS)
    for name in names:
        _require_name(folder / CHECKSUMS, name, "")
    lines = [f"{sha256(folder / name)}  {name}\n" for name in names]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def read_checksums(folder: Path, remedy: str) -> dict[str, str]:
    """Return the sha256 of each file that a folder's list names, by the file's relative path.

    Raises InputCorruptError, which ends with `remedy`, if there is no list, or if it is empty or
    has a line that `sha256sum` would not write.
    """
    path = folder / CHECKSUMS
    listed: dict[str, str] = {}
    for line in _lines(path, remedy):
        match = LINE.fullmatch(line)
        if not match:
            raise _corrupt(
                path, f"has a line that is no checksum ({printable(line, 80)!r})", remedy
            )
        digest, name = match.groups()
        _require_name(path, name, remedy)
        if name in listed:
            raise _corrupt(path, f"names {name} twice", remedy)
        listed[name] = digest
    return listed


def names_listed(folder: Path) -> set[str]:
    """Return what a folder's list names as far as it can be read; nothing if there is none."""
    try:
        text = read_plain(folder / CHECKSUMS, MAX_LIST_BYTES).decode(errors="replace")
    except (OSError, InputCorruptError):
        return set()
    return {match[2] for match in map(LINE.fullmatch, text.splitlines()) if match}


def require_whole(folder: Path, required: Iterable[str], remedy: str) -> None:
    """Check a folder against its list, which must name the files `required`.

    Raises what read_checksums raises, and InputCorruptError if a file is missing, differs, or is
    not listed.
    """
    listed = read_checksums(folder, remedy)
    present = {name for name in _files(folder, remedy) if name != CHECKSUMS}
    for name in (*required, *listed):
        if name not in present:
            raise _corrupt(folder / name, f"is missing or differs from {CHECKSUMS}", remedy)
    for name in sorted(present - listed.keys()):
        action = f"move it elsewhere; if the stage made it, {remedy}"
        raise _corrupt(folder / name, f"is not listed in {CHECKSUMS}", action)
    for name, digest in listed.items():
        if _digest(folder / name, remedy) != digest:
            raise _corrupt(folder / name, f"is missing or differs from {CHECKSUMS}", remedy)


def plain_files(folder: Path) -> Iterator[str]:
    """Yield the relative paths of all in a folder but its folders, whatever they are."""
    for place in walk(folder):
        yield from ("/".join((*place.inner, name)) for name in place.files)


def _files(folder: Path, remedy: str) -> Iterator[str]:
    """Yield the relative paths of all files; InputCorruptError if one is no plain file."""
    for name in plain_files(folder):
        mode = _mode_of(folder / name)
        if not stat.S_ISREG(mode):
            kind = "a symlink" if stat.S_ISLNK(mode) else "no plain file"
            raise _corrupt(folder / name, f"is {kind}, which no stage leaves", "remove it")
        yield name


def _mode_of(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise _corrupt(path, "is deeper than any stage's", "remove it") from None


def _lines(path: Path, remedy: str) -> list[str]:
    try:
        text = read_plain(path, MAX_LIST_BYTES).decode("utf-8")
    except FileNotFoundError:
        raise _corrupt(path, "is missing", remedy) from None
    except UnicodeDecodeError:
        raise _corrupt(path, "is not UTF-8", remedy) from None
    except PermissionError:
        raise
    except OSError as error:
        raise _corrupt(path, f"can't be read ({error.strerror})", remedy) from None
    if not text.endswith("\n"):
        raise _corrupt(path, "is empty or ends within a line", remedy)
    return text[:-1].split("\n")


def _digest(path: Path, remedy: str) -> str:
    try:
        return sha256(path)
    except PermissionError:
        raise
    except OSError as error:
        raise _corrupt(path, f"can't be read ({error.strerror})", remedy) from None


def _require_name(path: Path, name: str, remedy: str) -> None:
    """Raise InputCorruptError if a list names what is not in its folder, or not by one name."""
    if not is_inside(name) or "\\" in name:
        raise _corrupt(path, f"names {name!r}, which can be no file of it", remedy)


def _corrupt(path: Path, what: str, remedy: str) -> InputCorruptError:
    return InputCorruptError(f"{shortened(str(path))} {what}" + (f"; {remedy}" if remedy else ""))
