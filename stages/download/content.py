"""Whether a file is the one that is wanted, and what it most likely is if it is not."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from stages.download.failures import LOGIN_PAGE, OPEN_IT, OTHER_MEANS, Failure
from stages.download.limits import Wanted

PAGES = (b"<!doctype html", b"<html")
BEGINNING_BYTES = 512


def has_content(wanted: Wanted, path: Path) -> bool:
    """Return whether the file at `path` has the checksum of the one that is wanted."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _digest(wanted.algorithm, file) == wanted.digest


def why_not(wanted: Wanted, file: BinaryIO) -> Failure | None:
    """Return why an open file is not the one that is wanted; None if it is, for all that is known.

    Without a checksum, only a web page is known to be none.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if is_web_page(file.read(BEGINNING_BYTES)):
        return Failure(LOGIN_PAGE, OPEN_IT)
    if wanted.size and size != wanted.size:
        return other_size(size, wanted.size)
    file.seek(0)
    if wanted.digest and (digest := _digest(wanted.algorithm, file)) != wanted.digest:
        found = f"its {wanted.algorithm} is {digest[:12]}..., not {wanted.digest[:12]}..."
        return Failure(f"{found}: another version, or changed on the way", OTHER_MEANS)
    return None


def is_web_page(beginning: bytes) -> bool:
    """Return whether a file that begins so is a web page, as login pages are."""
    return beginning.lstrip().lower().startswith(PAGES)


def other_size(size: int, wanted: int) -> Failure:
    """Return the Failure of a file of `size` bytes, or more, which is not as long as the wanted."""
    if size < wanted:
        return Failure(f"it has {size} bytes, not {wanted}: it was cut", OTHER_MEANS)
    return Failure(f"it has more than {wanted} bytes: another version", OTHER_MEANS)


def _digest(algorithm: str, file: BinaryIO) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    while chunk := file.read(2**20):
        digest.update(chunk)
    return digest.hexdigest()
