"""The lists of checksums in a bundle: every file is in one, and no list has another."""

from collections.abc import Collection, Mapping
from pathlib import Path

from stages.errors import InputCorruptError
from stages.files.checksums import CHECKSUMS, sha256
from stages.program.printable import printable

REMEDY = "run its stage again"


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
    return InputCorruptError(f"{folder / shown} {what}, by its {CHECKSUMS}; {REMEDY}")
