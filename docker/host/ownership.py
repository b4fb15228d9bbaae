"""Who owns what root makes in another user's checkout.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import os
from pathlib import Path

from stages.files.descent import walk


def give_to_owner_of(place: Path, folder: Path) -> None:
    """Give `folder`, if root runs this, to the user and group that `place` belongs to.

    Otherwise that user could neither change nor remove it.
    """
    owner = place.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        ids = owner.st_uid, owner.st_gid
        os.chown(folder, *ids, follow_symlinks=False)
        for inner in walk(folder):
            for name in (*inner.folders, *inner.files):
                os.chown(name, *ids, dir_fd=inner.descriptor, follow_symlinks=False)
