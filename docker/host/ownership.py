"""Who owns what root makes in another user's checkout.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import os
from pathlib import Path

from stages.files.descent import walk


def give_to_owner_of(place: Path, made: Path) -> None:
    """Give a file or a whole folder, if root runs this, to the user and group of `place`.

    Otherwise that user could neither change nor remove it.
    """
    owner = place.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        ids = owner.st_uid, owner.st_gid
        os.chown(made, *ids, follow_symlinks=False)
        for level in walk(made) if made.is_dir() and not made.is_symlink() else ():
            for name in (*level.folders, *level.files):
                os.chown(name, *ids, dir_fd=level.descriptor, follow_symlinks=False)
