"""A folder of pictures by the path that was given: the plan for it, and the hash of its files."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from stages.errors import InputCorruptError, SettingsError
from stages.files.limits import MB
from stages.files.member import read_plain
from stages.pictures.classes import Picture
from stages.pictures.listing import LAYOUTS, Listing, listed
from stages.pictures.plan import Plan, planned
from stages.program.printable import printable, shortened
from stages.setting.addresses import local_path

# The largest photographs have half as much.
MAX_BYTES = 100 * MB
# Split and name of each file, and the sha256 of its content, empty if it can't be read.
Digests = Iterable[tuple[str, str, str]]


def listing_of(data: str) -> tuple[Path, Listing]:
    """Return the folder at a path that was given, and what is in it; raise what `listed` does."""
    path = local_path(data)
    if path is None:
        raise SettingsError(f"data can't be {printable(shortened(data))}; give {LAYOUTS}")
    return path, listed(path)


def plan_of(data: str, asked: Mapping[str, int], seed: int) -> tuple[tuple[str, ...], Plan]:
    """Return the classes of the folder at a path, and what is taken of it.

    Raises SettingsError if it is not there or can't be read, DataError if it is none to train on.
    """
    path, listing = listing_of(data)
    return listing.classes, plan_for(path, listing, asked, seed)


def plan_for(path: Path, listing: Listing, asked: Mapping[str, int], seed: int) -> Plan:
    """Return what is taken of a folder that was listed."""
    name = printable(shortened(f"the folder {path}"))
    return planned(name, listing.splits, listing.classes, asked, seed)


def files_sha256(folder: Path, taken: Mapping[str, Iterable[Picture]]) -> str:
    """Return the hash of the files of a folder that are taken, which are read one by one."""
    return combined_sha256(
        (split, picture.name, sha256_of(content_of(folder / picture.name)))
        for split, pictures in taken.items()
        for picture in pictures
    )


def combined_sha256(digests: Digests) -> str:
    """Return the sha256 of names and contents, in any order of the files."""
    digest = hashlib.sha256()
    for split, name, content in sorted(digests):
        digest.update(f"{content} {split} ".encode() + os.fsencode(name) + b"\0")
    return digest.hexdigest()


def content_of(path: Path) -> bytes | None:
    """Return the content of a file, None if it can't be read, is none any more or too large."""
    try:
        return read_plain(path, MAX_BYTES)
    except (OSError, InputCorruptError):
        return None


def sha256_of(content: bytes | None) -> str:
    """Return the sha256 of a content, nothing if there is none."""
    return "" if content is None else hashlib.sha256(content).hexdigest()
