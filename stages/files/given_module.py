"""A module as a user gives it by a path: the folder of a SavedModel, or an archive of one."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from stages.errors import ModelError, SettingsError
from stages.files.limits import GB, MAX_MODULE_BYTES, MAX_UNPACKED_BYTES
from stages.files.module_archive import GRAPHS, holds_model, require_model_in
from stages.files.trees import MAX_LEVELS
from stages.program.printable import printable, shortened
from stages.program.user import this_user

_FORMS = "the folder of a TF2 SavedModel, or a .tar.gz of it"


def require_module(path: Path) -> None:
    """Check a backbone that is given by its path, before TensorFlow is asked.

    Raises SettingsError if nothing is there or this user may not read it, ModelError if it can be
    no SavedModel.
    """
    name = printable(shortened(f"the backbone {path}"))
    mode = _mode_of(path, name)
    _require_readable(path, name)
    if stat.S_ISDIR(mode):
        _require_model(path, name)
    elif stat.S_ISREG(mode):
        _require_archive(path, name)
    else:
        raise ModelError(f"{name} is neither a folder nor a plain file; give {_FORMS}")


def module_files(folder: Path) -> Iterator[Path]:
    """Yield all files that TensorFlow would find below a folder, through links of folders, too.

    Raises SettingsError if a folder can't be listed, ModelError if they have no end, or for a pipe
    or a device, on which TensorFlow would wait, or read for ever.
    """
    seen = set()
    for root, folders, names in os.walk(folder, followlinks=True, onerror=_refuse):
        if len(Path(root).relative_to(folder).parts) > MAX_LEVELS:
            raise ModelError(
                f"{shortened(root)} is more than {MAX_LEVELS} folders deep in the backbone; "
                "give the folder of a TF2 SavedModel"
            )
        if os.path.realpath(root) in seen:
            folders.clear()  # a link to a folder above
            continue
        seen.add(os.path.realpath(root))
        paths = (Path(root, name) for name in names)
        yield from filter(_is_plain, paths)


def _is_plain(path: Path) -> bool:
    """Return whether a path leads to a plain file, and not to nothing; ModelError if to a pipe."""
    try:
        mode = path.stat().st_mode
    except OSError:  # a link may lead nowhere, and a file may be denied
        return False
    if not stat.S_ISREG(mode):
        name = printable(shortened(f"the file {path} of the backbone"))
        raise ModelError(f"{name} is no plain file; give {_FORMS}")
    return True


def _mode_of(path: Path, name: str) -> int:
    try:
        return path.stat().st_mode
    except PermissionError:
        raise _unreadable(name) from None
    except OSError:  # a link may lead nowhere, and a name may be too long
        raise SettingsError(f"{name} is not there; give {_FORMS}") from None


def _require_model(folder: Path, name: str) -> None:
    if not holds_model(folder):
        inner = [path for path in sorted(folder.iterdir()) if path.is_dir() and holds_model(path)]
        hint = shortened(f"{inner[0]}, which has one") if inner else _FORMS
        raise ModelError(f"{name} holds no saved_model.pb; give {printable(hint)}")
    total = 0
    for path in module_files(folder):
        _require_readable(path, name := printable(shortened(f"the file {path} of the backbone")))
        if path.name in GRAPHS:
            _require_content(path, name)
        total += path.stat().st_size
    if total > MAX_UNPACKED_BYTES:  # they may have holes
        most = f"{MAX_UNPACKED_BYTES / GB:.0f} GB"
        raise ModelError(f"the files of the backbone {folder} have more than {most}; give {_FORMS}")


def _require_content(path: Path, name: str) -> None:
    """Raise ModelError if a file is empty, as those of /proc are that have no end."""
    if not path.stat().st_size:
        raise ModelError(f"{name} is empty, or none that is kept on a disk; give {_FORMS}")


def _require_archive(path: Path, name: str) -> None:
    if path.name in GRAPHS:
        raise ModelError(f"{name} is a file of a SavedModel; give its folder")
    if path.stat().st_size > MAX_MODULE_BYTES:
        most = f"{MAX_MODULE_BYTES / GB:.0f} GB"
        raise ModelError(f"{name} has more than {most}; give the folder that was packed in it")
    _require_content(path, name)
    require_model_in(path, name)


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
