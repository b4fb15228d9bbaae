"""The lists of checksums in a bundle: every file is in one, and no list has another."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from stages.artifacts import CHECKSUMS, sha256
from stages.errors import InputCorruptError
from stages.evidence.limits import MAX_LIST_BYTES
from stages.member import is_inside, read_plain
from stages.printable import printable

_LINE = re.compile(r"([0-9a-f]{64})  (.+)", re.ASCII)


def read_list(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file that the list of a folder names, by its path there.

    Raises InputCorruptError if there is no list, or it is not as a stage writes it.
    """
    path = folder / CHECKSUMS
    try:
        text = read_plain(path, MAX_LIST_BYTES).decode("utf-8")
    except FileNotFoundError:
        raise InputCorruptError(f"{path} is missing; run its stage again") from None
    except UnicodeDecodeError:
        raise InputCorruptError(f"{path} is no list of checksums; run its stage again") from None
    listed: dict[str, str] = {}
    for line in text.removesuffix("\n").split("\n") if text else ():
        match = _LINE.fullmatch(line)
        if match is None or not is_inside(match[2]) or match[2] in listed:
            shown = printable(line, 100)
            raise InputCorruptError(f"{path} has the line {shown!r}; run its stage again")
        listed[match[2]] = match[1]
    return listed


def require_listed(
    folder: Path, files: Collection[str], listed: Mapping[str, str], absent: Collection[str] = ()
) -> None:
    """Check the files of a folder, by their paths there, by its list.

    It may name some that are missing, `absent`. Raises InputCorruptError if another one is missing,
    one differs, or one is not listed.
    """
    there = {name for name in files if name != CHECKSUMS}
    missing = sorted(listed.keys() - there - set(absent))
    others = sorted(there - listed.keys())
    for names, what in ((missing, "is missing"), (others, "is not listed")):
        if names:
            raise _not_as_listed(folder, names[0], what)
    for name in sorted(there):
        if sha256(folder / name) != listed[name]:
            raise _not_as_listed(folder, name, "differs")


def _not_as_listed(folder: Path, name: str, what: str) -> InputCorruptError:
    shown = printable(name, 100)
    return InputCorruptError(f"{folder / shown} {what}, by its {CHECKSUMS}; run its stage again")
