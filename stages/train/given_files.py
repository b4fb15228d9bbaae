"""A backbone or a model as it is given, by its handle or path: where it is, and its hash."""

import hashlib
import os
from pathlib import Path

from stages.errors import InputMissingError, ModelError, SettingsError
from stages.files.checksums import sha256
from stages.files.given_module import (
    BACKBONE,
    MODEL,
    Given,
    keras_form,
    module_files,
    require_given,
)
from stages.files.module_archive import unpack
from stages.folder.cache import MODULE, Cache, cached, holds_module
from stages.program.printable import printable, shortened
from stages.setting.addresses import is_remote, local_path, redacted_handle


def given_folder(handle: str, cache: Cache) -> Path:
    """Return the folder of a module that is given by its handle or path, links followed.

    An archive is unpacked in `cache`. Raises InputMissingError if it is to be downloaded first,
    SettingsError if nothing is there or it can't be read, ModelError if it can be no module.
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
    return _opened(path, BACKBONE, cache)


def given_model(text: str, cache: Cache) -> Path:
    """Return the file of Keras, or the folder of a SavedModel, that is given by its path.

    An archive is unpacked in `cache`. Raises SettingsError if nothing is there or it can't be read,
    ModelError if it can be no model.
    """
    return _opened(local_path(text) or Path(text), MODEL, cache)


def _opened(path: Path, given: Given, cache: Cache) -> Path:
    require_given(path, given)
    if path.is_dir() or (given.may_be_of_keras and keras_form(path)):
        return path.resolve()
    return _unpacked(path, given, cache)


def _unpacked(archive: Path, given: Given, cache: Cache) -> Path:
    """Return the folder that an archive is unpacked to, once for the same bytes."""
    folder = cache.backbone(f"given-{sha256(archive)}")
    what = f"the {given.what} {printable(archive.name)}"
    return Path(cached(folder, lambda made: unpack(archive, made / MODULE, what))) / MODULE


def not_downloaded(what: str) -> InputMissingError:
    """Return the error for what the program download should have left in the cache."""
    return InputMissingError(f"{what} is not in the cache, or damaged there; run download first")


def model_sha256(path: Path, name: str) -> str:
    """Return the sha256 of the file of Keras, or of all files of the SavedModel, at `path`."""
    return module_sha256(path, name, "model") if path.is_dir() else _sha256(path, "model")


def module_sha256(folder: Path, name: str, what: str = "backbone") -> str:
    """Return the sha256 of all files of a module, names included; `what` is what it is given as.

    Raises ModelError if there are none: the key of what is kept of it would be another module's.
    Raises SettingsError for what can't be read, for the same reason.
    """
    digest, files = hashlib.sha256(), sorted(module_files(folder))
    if not files:
        raise ModelError(f"the {what} {name} is empty; give the folder of a TF2 SavedModel")
    for path in files:
        in_a_line = _in_a_line(path.relative_to(folder))
        digest.update(f"{_sha256(path, what)}  ".encode() + in_a_line + b"\n")
    return digest.hexdigest()


def _sha256(path: Path, what: str) -> str:
    try:
        return sha256(path)
    except OSError as error:  # which else is taken for one of the artifacts
        name = printable(shortened(f"the file {path} of the {what}"))
        raise SettingsError(f"{name} can't be read ({error.strerror}); give another copy") from None


def _in_a_line(path: Path) -> bytes:
    """Return a path as `sha256sum` writes it: one with a line break must not be as two files."""
    return os.fsencode(path).replace(b"\\", rb"\\").replace(b"\n", rb"\n")
