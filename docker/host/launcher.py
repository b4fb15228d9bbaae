"""The command `invoke` of an activated environment, in place of the one that pip makes.

pip's heeds PYTHONPATH and its likes, and so may run another invoke, or import other modules by the
names of ours. Standard library only: bootstrap.py uses it before anything is installed.
"""

import os
import shlex
from pathlib import Path

from docker.host.at_once import write_at_once
from docker.paths import ROOT
from stages.program.signals import ENDING

NAMES = ("invoke", "inv")
# As for another user than the environment's owner, whose home has that Python.
REFUSAL = "invoke: error: {python} can't be started by this user; ./bootstrap.py in {root} says why"
SIGNALS = [*map(int, ENDING)]
# sh, as a path in the first line may be neither long nor have blanks. -B as invoke itself leaves no
# bytecode in a checkout, whose owner could not remove root's.
SCRIPT = """\
#!/bin/sh
# Written by bootstrap.py: invoke for the tasks of this checkout, whatever is set for Python.
test -x {python} || {{ printf '%s\\n' {refusal} >&2; exit 126; }}
exec {python} -I -B ${{PYTHONUNBUFFERED:+-u}} -c {code} "$@"
"""
# Signals wait until `exit_code_of` can say that one came.
CODE = (
    "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {signals}); "
    "sys.path.insert(0, {root!r}); from docker.program import main; main()"
)


def write(folder: Path) -> None:
    """Make `invoke` and `inv` of a virtual environment ours; one that may not be written stays."""
    python, code = str(folder / "bin" / "python"), CODE.format(root=str(ROOT), signals=SIGNALS)
    refusal = REFUSAL.format(python=python, root=ROOT)
    words = {"python": python, "refusal": refusal, "code": code}
    text = SCRIPT.format_map({name: shlex.quote(word) for name, word in words.items()})
    for path in (folder / "bin" / name for name in NAMES):
        if os.access(path.parent, os.W_OK) and not _is(path, text):
            write_at_once(path, os.fsencode(text), 0o755)


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == os.fsencode(text)
