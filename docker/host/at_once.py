"""Write a file of the user's so that whoever reads it finds the old one or the new one, whole.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import os
from contextlib import suppress
from pathlib import Path

from docker.host.ownership import give_to_owner_of
from stages.files import left_overs


def write_at_once(path: Path, content: bytes, mode: int) -> None:
    """Write a file with these permissions, as the owner of the one it replaces, or of its folder.

    Until it is whole, it has another name and is for its owner alone; if this is killed, the next
    call removes it. Raises OSError with `path`.
    """
    partial = None
    try:
        left_overs.clear_files(path)
        descriptor, partial = left_overs.new_file(path)
        with open(descriptor, "wb") as stream:
            stream.write(content)
        give_to_owner_of(path if path.is_file() else path.parent, partial)
        partial.chmod(mode)
        partial.replace(path)
    except BaseException as error:
        if partial:
            with suppress(OSError):
                partial.unlink()
        if isinstance(error, OSError):  # which on a full disk names no file
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise


def usual_mode() -> int:
    """Return the permissions of a new file as the user's umask leaves them."""
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o666 & ~umask
