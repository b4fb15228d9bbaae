"""What a user's own programs keep of what they downloaded, where their variables say.

It is read, and never written: those programs rely on it.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

KERAS, HUB, DATA_SETS = "KERAS_HOME", "TFHUB_CACHE_DIR", "TFDS_DATA_DIR"
VARIABLES = (KERAS, HUB, DATA_SETS)


def weights(name: str, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return where Keras keeps weights that it downloaded."""
    return [home / "models" / name for home in _folder(KERAS, environ)]


def data_files(
    data: str, name: str, kept_as: str, environ: Mapping[str, str] = os.environ
) -> list[Path]:
    """Return where tensorflow-datasets looks for a file of a data set, a user's own first.

    `kept_as` is its own name for the file; older releases have it without the data set's folder.
    """
    places = (f"manual/{name}", f"{data}/{kept_as}", kept_as)
    return [home / "downloads" / place for home in _folder(DATA_SETS, environ) for place in places]


def modules(handle: str, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """Return where TensorFlow Hub keeps a module, whose handle is as it was given there."""
    key = hashlib.sha1(handle.encode(errors="surrogateescape"), usedforsecurity=False).hexdigest()
    return [home / key for home in _folder(HUB, environ)]


def as_seen_from(place: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set, for a process in another working directory.

    A path that is not whole is one below `place`.
    """
    return {name: str(place / folder) for name in VARIABLES for folder in _folder(name, environ)}


def _folder(variable: str, environ: Mapping[str, str]) -> list[Path]:
    """Return the folder that a variable names, as a list that is empty if it names none here."""
    value = environ.get(variable, "")
    return [Path(os.path.expanduser(value))] if value and "://" not in value else []  # noqa: PTH111
