"""A file of Keras, held as one from a stranger: what it declares is bounded before it is read."""

import errno
import json
import lzma
import math
import shutil
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from stages.errors import ModelError, StageError, refused_by_system
from stages.files.given_module import KERAS_MODEL, KERAS_VERSION, keras_form
from stages.files.limits import GB, MAX_MODULE_BYTES, MAX_UNPACKED_BYTES, MB
from stages.program.printable import printable
from stages.train.keras_config import require_known, shown

KERAS, TF_KERAS = "keras", "tf_keras"
WEIGHTS, ARCHITECTURE = "model.weights.h5", "model_config"
# The layers of the largest published models take 2 MB.
MAX_TEXT_BYTES = 16 * MB
# Groups in each other in HDF5; those of published models are ten deep.
MAX_DEPTH = 64
SAVE_AGAIN = "save it again, by `model.save`"
# What zipfile (for a password, too), json (for numbers and depths that no model has), h5py and
# their decompressors raise for a file of another form.
UNREADABLE = (
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


@dataclass(frozen=True, slots=True)
class KerasFile:
    """The package that a file is for, and the version of Keras that saved it, empty if unknown."""

    package: str
    version: str


def checked(file: Path) -> KerasFile:
    """Return what a file of Keras says of itself, when nothing in it can run code, or fill memory.

    Raises ModelError, without the model's name, if something could, if it holds no model, or if it
    can't be read.
    """
    try:
        return _of_archive(file) if keras_form(file) == ".keras" else _of_hdf5(file)
    except UNREADABLE as error:
        damaged = ModelError(f"is damaged, or no model of Keras; {SAVE_AGAIN}")
        raise _refused(error) or damaged from error


def _refused(error: Exception) -> StageError | None:
    """Return what the system refused; None for a damage, which zipfile calls EINVAL at times."""
    if isinstance(error, OSError) and error.errno != errno.EINVAL:
        return refused_by_system(error)
    return None


def _of_archive(file: Path) -> KerasFile:
    with zipfile.ZipFile(file) as archive:
        sizes = [member.file_size for member in archive.infolist()]
        if sum(sizes) > MAX_UNPACKED_BYTES:
            raise ModelError(f"unpacks to more than {MAX_UNPACKED_BYTES / GB:.0f} GB; {SAVE_AGAIN}")
        text = _text(archive, KERAS_MODEL)
        config, about = json.loads(text), json.loads(_text(archive, KERAS_VERSION))
        if isinstance(config, dict):
            config["compile_config"] = None  # as Keras does it, if it is asked not to compile
        require_known(config)
        _require_weights(archive)
    version = about.get("keras_version", "") if isinstance(about, dict) else ""
    package = TF_KERAS if TF_KERAS.encode() in text else KERAS
    return KerasFile(package, printable(str(version), 20))


def _text(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MAX_TEXT_BYTES:
        raise _too_long(name)
    return archive.read(name)


def _require_weights(archive: zipfile.ZipFile) -> None:
    """Check the weights; without them Keras would take others, which may hold Python objects."""
    import h5py

    if WEIGHTS not in archive.namelist():
        raise ModelError(f"has no {WEIGHTS}; {SAVE_AGAIN}")
    # In an archive, each step back begins at its first byte again.
    with TemporaryFile(dir=Path(archive.filename or ".").parent) as unpacked:
        with archive.open(WEIGHTS) as packed:
            shutil.copyfileobj(packed, unpacked)
        with h5py.File(unpacked) as weights:
            _require_variables(weights)


def _of_hdf5(file: Path) -> KerasFile:
    import h5py

    # No other program has our copy; not every file system has locks.
    with h5py.File(file, locking=False) as content:
        text = content.attrs.get(ARCHITECTURE)
        if text is None:
            raise ModelError("holds weights alone; save the whole model, by `model.save`")
        _require_variables(content)
    if isinstance(text, str | bytes) and len(text) > MAX_TEXT_BYTES:
        raise _too_long(ARCHITECTURE)
    require_known(json.loads(text.decode() if isinstance(text, bytes) else text))
    return KerasFile(KERAS, "")


def _require_variables(content: Any) -> None:
    """Raise ModelError if the arrays of an HDF5 file are elsewhere, or larger than it may be.

    Those of which nothing is written take no room in it, whatever size they declare. All that may
    be there is read, as Keras will: damage shows here.
    """
    import h5py

    total = 0
    for name, link in _links(content):
        array = content[name] if isinstance(link, h5py.HardLink) else None
        if array is None or (isinstance(array, h5py.Dataset) and _is_elsewhere(array)):
            raise ModelError(f"has {shown(name)} in another place; {SAVE_AGAIN}")
        if isinstance(array, h5py.Dataset) and array.dtype.hasobject:
            raise ModelError(f"has no numbers in {shown(name)}; {SAVE_AGAIN}")
        total += _bytes_of(array) if isinstance(array, h5py.Dataset) else 0
        if total > MAX_MODULE_BYTES:
            raise ModelError(
                f"declares more than {MAX_MODULE_BYTES / GB:.0f} GB of variables, up to "
                f"{shown(name)}; {SAVE_AGAIN}"
            )
        _read(array)


def _links(content: Any) -> list[tuple[str, Any]]:
    """Return the names in an HDF5 file, and what they lead to; each name is the whole way there."""
    links: list[tuple[str, Any]] = []

    def add(name: str, link: Any) -> str | None:
        links.append((name, link))
        return name if name.count("/") > MAX_DEPTH else None

    if too_deep := content.visititems_links(add):
        raise ModelError(f"has groups more than {MAX_DEPTH} deep, {shown(too_deep)}; {SAVE_AGAIN}")
    return links


def _read(item: Any) -> None:
    """Read a group's or an array's attributes, and what the array holds."""
    import h5py

    for name in item.attrs:
        item.attrs[name]
    if isinstance(item, h5py.Dataset):
        item[()]


def _is_elsewhere(array: Any) -> bool:
    """Return whether an array is kept in other files, wherever they are."""
    return bool(array.external or array.is_virtual)


def _bytes_of(array: Any) -> int:
    return math.prod(array.shape or ()) * int(array.dtype.itemsize)


def _too_long(name: str) -> ModelError:
    return ModelError(f"has more than {MAX_TEXT_BYTES / MB:.0f} MB of {name}; {SAVE_AGAIN}")
