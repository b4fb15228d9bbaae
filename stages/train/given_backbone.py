"""A backbone as it is given, by its handle or path: where it is, and the hash of its files."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from stages.errors import InputMissingError, ModelError
from stages.files.checksums import sha256
from stages.folder.cache import MODULE, Cache, holds_module
from stages.program.printable import shortened
from stages.setting.addresses import is_remote, local_path, redacted_handle

MAX_LEVELS = 64


def given_folder(handle: str, cache: Cache) -> Path:
    """Return the folder of a module that is given by its handle or path.

    Raises InputMissingError if it is to be downloaded first, ModelError if it can't be there.
    """
    if is_remote(handle):
        if not holds_module(cache.module(handle), handle):
            raise not_downloaded(f"the backbone {redacted_handle(handle)}")
        return cache.module(handle) / MODULE
    path = local_path(handle)
    if path is None:
        raise ModelError(
            f"the backbone {redacted_handle(handle)} is at an address of a kind that is not "
            "supported; give an https address or a path"
        )
    if not os.path.isdir(path):  # noqa: PTH112 - pathlib's fails for a name that is too long
        raise ModelError(
            f"the backbone {path} is no folder here; give that of a TF2 SavedModel; a container "
            "sees it only where the page data-and-models says"
        )
    return path


def not_downloaded(what: str) -> InputMissingError:
    """Return the error for what the program download should have left in the cache."""
    return InputMissingError(f"{what} is not in the cache, or damaged there; run download first")


def module_sha256(folder: Path, name: str) -> str:
    """Return the sha256 of all files of a module, names included.

    Raises ModelError if there are none: the key of what is kept of it would be another module's.
    Raises OSError for what can't be read, for the same reason.
    """
    digest, files = hashlib.sha256(), sorted(_files(folder))
    if not files:
        raise ModelError(f"the backbone {name} is empty; give the folder of a TF2 SavedModel")
    for path in files:
        digest.update(f"{sha256(path)}  ".encode() + _in_a_line(path.relative_to(folder)) + b"\n")
    return digest.hexdigest()


def _in_a_line(path: Path) -> bytes:
    """Return a path as `sha256sum` writes it: one with a line break must not be as two files."""
    return os.fsencode(path).replace(b"\\", rb"\\").replace(b"\n", rb"\n")


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files that TensorFlow would find below a folder, through links of folders, too."""
    seen = set()
    for root, folders, names in os.walk(folder, onerror=_fail, followlinks=True):
        if len(Path(root).relative_to(folder).parts) > MAX_LEVELS:
            raise ModelError(
                f"{shortened(root)} is more than {MAX_LEVELS} folders deep in the backbone; "
                "give the folder of a TF2 SavedModel"
            )
        if os.path.realpath(root) in seen:
            folders.clear()  # a link to a folder above
            continue
        seen.add(os.path.realpath(root))
        yield from (path for path in (Path(root, name) for name in names) if path.is_file())


def _fail(error: OSError) -> None:
    raise error
