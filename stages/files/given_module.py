"""A module or a model as a user gives it by a path: a SavedModel's folder, an archive, a file."""

import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stages.errors import ModelError, SettingsError
from stages.files.limits import GB, MAX_MODULE_BYTES, MAX_UNPACKED_BYTES, MB
from stages.files.module_archive import GRAPHS, holds_model, require_model_in
from stages.files.packed import SIGNATURE_BYTES, compression_of
from stages.files.trees import MAX_LEVELS
from stages.program.printable import printable, shortened
from stages.program.user import this_user

HDF5 = b"\x89HDF\r\n\x1a\n"
# What Keras packs into a .keras: the model as JSON, and which Keras saved it.
KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
KERAS_MODEL, KERAS_VERSION = "config.json", "metadata.json"
# A .keras has a handful of members.
MAX_LISTED_BYTES = MB
_FORMS = "the folder of a TF2 SavedModel, or a .tar.gz of it"


@dataclass(frozen=True, slots=True)
class Given:
    """What a path is given for: its name in messages, and the forms that it may have there.

    `may_be_of_keras` says that one may be a file that Keras saved.
    """

    what: str
    forms: str
    may_be_of_keras: bool = False


BACKBONE = Given("backbone", _FORMS)
MODEL = Given("model", f"a .keras or .h5 file, {_FORMS}", may_be_of_keras=True)


def require_module(path: Path) -> None:
    """Check a backbone that is given by its path, before TensorFlow is asked.

    Raises SettingsError if nothing is there or this user may not read it, ModelError if it can be
    no SavedModel.
    """
    require_given(path, BACKBONE)


def require_classifier(path: Path) -> None:
    """Check a trained model that is given by its path, as `require_module` does a backbone."""
    require_given(path, MODEL)


def require_given(path: Path, given: Given) -> None:
    """Check what is given by its path; raise what `require_module` does."""
    name = printable(shortened(f"the {given.what} {path}"))
    mode = _mode_of(path, name, given)
    _require_readable(path, name)
    if stat.S_ISDIR(mode):
        _require_model(path, name, given)
    elif not stat.S_ISREG(mode):
        raise ModelError(f"{name} is neither a folder nor a plain file; give {given.forms}")
    else:
        _require_file(path, name, given)


def keras_form(path: Path) -> str:
    """Return how Keras saved a file, by what is in it: `.keras` or `.h5`, empty if it did not."""
    with path.open("rb") as file:
        start = file.read(SIGNATURE_BYTES)
    if start == HDF5:
        return ".h5"
    return ".keras" if compression_of(start) == "zip" and _has_keras_model(path) else ""


def module_files(folder: Path, given: Given = BACKBONE) -> Iterator[Path]:
    """Yield all files that TensorFlow would find below a folder, through links of folders, too.

    Raises SettingsError if a folder can't be listed, ModelError if they have no end, or for a pipe
    or a device, on which TensorFlow would wait, or read for ever.
    """
    seen = set()
    for root, folders, names in os.walk(folder, followlinks=True, onerror=_refuse):
        if len(Path(root).relative_to(folder).parts) > MAX_LEVELS:
            raise ModelError(
                f"{shortened(root)} is more than {MAX_LEVELS} folders deep in the folder that is "
                "given; give the folder of a TF2 SavedModel"
            )
        if os.path.realpath(root) in seen:
            folders.clear()  # a link to a folder above
            continue
        seen.add(os.path.realpath(root))
        paths = (Path(root, name) for name in names)
        yield from (path for path in paths if _is_plain(path, given))


def _is_plain(path: Path, given: Given) -> bool:
    """Return whether a path leads to a plain file, and not to nothing; ModelError if to a pipe."""
    try:
        mode = path.stat().st_mode
    except OSError:  # a link may lead nowhere, and a file may be denied
        return False
    if not stat.S_ISREG(mode):
        raise ModelError(f"{_file_name(path, given)} is no plain file; give {given.forms}")
    return True


def _mode_of(path: Path, name: str, given: Given) -> int:
    try:
        return path.stat().st_mode
    except PermissionError:
        raise _unreadable(name) from None
    except OSError:  # a link may lead nowhere, and a name may be too long
        raise SettingsError(f"{name} is not there; give {given.forms}") from None


def _require_model(folder: Path, name: str, given: Given) -> None:
    if not holds_model(folder):
        inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and holds_model(path)]
        hint = shortened(f"{inner[0]}, which has one") if inner else given.forms
        raise ModelError(f"{name} holds no saved_model.pb; give {printable(hint)}")
    total = 0
    for path in module_files(folder, given):
        _require_readable(path, name := _file_name(path, given))
        if path.name in GRAPHS:
            _require_content(path, name, given)
        total += path.stat().st_size
    if total > MAX_UNPACKED_BYTES:  # they may have holes
        most = f"{MAX_UNPACKED_BYTES / GB:.0f} GB"
        whole = printable(shortened(f"the {given.what} {folder}"))
        raise ModelError(f"the files of {whole} have more than {most}; give {given.forms}")


def _file_name(path: Path, given: Given) -> str:
    return printable(shortened(f"the file {path} of the {given.what}"))


def _require_content(path: Path, name: str, given: Given) -> None:
    """Raise ModelError if a file is empty, as those of /proc are that have no end."""
    if not path.stat().st_size:
        raise ModelError(f"{name} is empty, or none that is kept on a disk; give {given.forms}")


def _require_file(path: Path, name: str, given: Given) -> None:
    if path.name in GRAPHS:
        raise ModelError(f"{name} is a file of a SavedModel; give its folder")
    if path.stat().st_size > MAX_MODULE_BYTES:
        most = f"{MAX_MODULE_BYTES / GB:.0f} GB"
        raise ModelError(f"{name} has more than {most}; give the folder that was packed in it")
    _require_content(path, name, given)
    if not given.may_be_of_keras or not keras_form(path):
        _require_no_damaged_keras(path, name, given)
        require_model_in(path, name)


def _require_no_damaged_keras(path: Path, name: str, given: Given) -> None:
    if given.may_be_of_keras and path.suffix.lower() in KERAS_SUFFIXES:
        raise ModelError(f"{name} is no model as Keras saves it, or damaged; give {given.forms}")


def _has_keras_model(path: Path) -> bool:
    try:
        if _listed_bytes(path) > MAX_LISTED_BYTES:
            return False
        with zipfile.ZipFile(path) as archive:
            return {KERAS_MODEL, KERAS_VERSION} <= {*archive.namelist()}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def _listed_bytes(path: Path) -> int:
    """Return the size of the list of a zip's members, which zipfile reads as a whole."""
    # That which zipfile itself goes by, whatever else the file says.
    end_record, size = zipfile._EndRecData, zipfile._ECD_SIZE  # type: ignore[attr-defined]
    with path.open("rb") as file:
        found = end_record(file)
    return int(found[size]) if found else 0


def _refuse(error: OSError) -> None:
    _require_readable(Path(os.fsdecode(error.filename)), printable(shortened(error.filename)))
    raise error


def _require_readable(path: Path, name: str) -> None:
    if not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        raise _unreadable(name)


def _unreadable(name: str) -> SettingsError:
    return SettingsError(
        f"{name} can't be read by user {this_user()}; change its mode or owner, or copy it"
    )
