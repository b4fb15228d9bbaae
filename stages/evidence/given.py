"""What is given as a bundle, or as a folder of artifacts, and is not there."""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from stages.errors import InputMissingError
from stages.program.printable import printable
from stages.setting.suggestion import did_you_mean

MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
# In a larger folder, not all names are looked at.
MAX_NAMES = 10_000


def not_there(path: Path, error: OSError) -> InputMissingError:
    """Return what says that `path` is missing, with a name like it if there is one, or why not."""
    shown = path.absolute()
    if error.errno in MISSING:
        hint = did_you_mean(shown.name, _names(shown.parent))
        asked = f" ({printable(hint)})" if hint else ""
        return InputMissingError(f"{shown} is missing{asked}; make one by `invoke bundle`")
    why = os.strerror(error.errno or 0)
    return InputMissingError(f"{shown} can't be read ({why}); make it readable")


def _names(folder: Path) -> Iterator[str]:
    """Yield the names in a folder that are not hidden; none if it can't be read."""
    with suppress(OSError), os.scandir(folder) as entries:
        names = (entry.name for entry in islice(entries, MAX_NAMES))
        yield from (name for name in names if not name.startswith("."))
