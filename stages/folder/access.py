"""How a command uses the artifacts folder: alone to write to it, beside others to read from it.

Either way the folder is checked first, and what a killed command left in it is dealt with.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from stages.artifacts import Artifacts
from stages.errors import NotWritableError
from stages.files import left_overs
from stages.folder import history
from stages.folder.lock import reading_with_others, writing_alone
from stages.folder.usable import (
    is_marked,
    known_names,
    ours,
    prepare,
    require_usable,
    resolved,
)


@contextmanager
def writing(folder: Path, name: str) -> Iterator[Artifacts]:
    """Yield the artifacts in a folder, which the program `name` has for itself in the meantime.

    The folder is created if need be. A stage holds it from before it reads its inputs until its
    hand-over. Raises NotWritableError if it can't be used, ArtifactsBusyError if it is in use.
    """
    root = prepare(folder)
    with writing_alone(root, name):
        _recover(root)
        yield Artifacts(root)


@contextmanager
def reading(folder: Path, name: str) -> Iterator[Artifacts]:
    """Yield the artifacts in a folder, in which nothing changes in the meantime.

    There may be no such folder, or nothing in it that a stage made: then it is left as it is.
    Raises what `writing` raises.
    """
    require_usable(folder)
    root = resolved(folder)
    if not root.is_dir() or not (is_marked(root) or any(ours(root))):
        yield Artifacts(root)
        return
    if os.access(root, os.W_OK | os.X_OK):
        prepare(root)  # the lock must not come before the marker
    with reading_with_others(root, name, partial(_recover_if_possible, root)):
        yield Artifacts(root)


def _recover_if_possible(root: Path, alone: bool) -> None:
    """Recover; a user who can't still reads what is whole, unless a folder is lost.

    Beside other readers, who may be about the same, nothing is changed.
    """
    lost = left_overs.lost(root, known_names(root))
    if alone and (lost or os.access(root, os.W_OK | os.X_OK)):
        _recover(root)
    elif lost:
        raise NotWritableError(
            f"{root / lost[0]} was taken away by a command that was killed; "
            "run any stage as a user who can write there"
        )


def _recover(root: Path) -> None:
    left_overs.clear(root, known_names(root), history.keep)
    history.clear(Artifacts(root))
    for folder in Artifacts(root).folders_in_cache():
        if folder.is_dir():
            left_overs.clear_below(folder)
