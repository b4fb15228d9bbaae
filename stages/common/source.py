"""The source of a program as one hash, which is the same in a checkout and in an image."""

import hashlib
from functools import cache
from itertools import chain
from pathlib import Path

from stages.files.checksums import sha256
from stages.setting.programs import PROGRAMS, SWEEP

STAGES = Path(__file__).resolve().parents[1]
# The folders of stages/ that no program imports but its own and those in USED, and what reads their
# output.
APART = frozenset({*PROGRAMS, "evidence", "history"})
# By program, what else of these it imports.
USED = {SWEEP: {"profile"}}
# Code, and what a page is made of.
KINDS = ("*.py", "*.html", "*.css")


@cache
def source_sha256(program: str, root: Path = STAGES) -> str:
    """Return the sha256 of a program's source: of the path and bytes of each file that it may run.

    That is all Python and all templates below `root` but what other programs have to themselves. It
    is read once, so that it is what runs, though a file may change in the meantime.
    """
    others = APART - {program} - USED.get(program, set())
    found = chain.from_iterable(map(root.rglob, KINDS))
    names = (path.relative_to(root) for path in found if path.is_file())
    own = sorted(name.as_posix() for name in names if name.parts[0] not in others)
    lines = (f"{sha256(root / name)}  {name}\n" for name in own)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
