"""Remove what stages made in the artifacts folder, and nothing else, after asking."""

import os
from collections.abc import Sequence
from pathlib import Path

from docker.host.asking import agreed
from stages.errors import StageError
from stages.files import left_overs, trees
from stages.folder.access import writing
from stages.folder.usable import ours, require_replaceable, require_usable, resolved
from stages.program.printable import printable


def clean(folder: Path, assume_yes: bool = False, dry: bool = False) -> None:
    """Show what stages made in a folder, with sizes, ask unless it is assumed, and remove it.

    With `dry` only show it. Raises StageError without consent, NotWritableError if the folder, or
    something in it, is not what stages made, ArtifactsBusyError if it is in use; then nothing is
    removed.
    """
    require_usable(folder)
    root = resolved(folder)
    if dry or not os.path.lexists(root):
        _show(root, _removable(root))
        return
    with writing(root, "clean"):
        made = _removable(root)
        _show(root, made)
        if made and not assume_yes and not agreed(f"Remove {len(made)} of {root}?"):
            raise StageError("nothing was removed; say yes, or give --yes, to go on")
        for path in made:
            trees.require_removable(path)
        for path in made:
            left_overs.discard(path)
    if made:
        print("clean: removed")


def _removable(root: Path) -> list[Path]:
    """Return what stages made; NotWritableError if it is, or has in it, something else."""
    made = [*ours(root)] if root.is_dir() else []
    for path in made:
        require_replaceable(path)
    return made


def _show(root: Path, made: Sequence[Path]) -> None:
    if not made:
        print(f"clean: {root} has nothing that a stage made")
    for path in made:
        print(f"clean: {trees.size(path) / 1e6:10.1f} MB  {printable(str(path))}", flush=True)
