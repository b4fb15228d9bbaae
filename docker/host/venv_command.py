"""Run a program that fills a virtual environment, with room of its own for what it unpacks.

Standard library only: bootstrap.py uses it before anything is installed.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from docker.host.children import end

PIP_GRACE_S = 3.0
# For all users to read and its owner alone to write, whatever the umask is.
UMASK = 0o022


def run_into(
    folder: Path, command: Sequence[str], environ: Mapping[str, str], descriptor: int
) -> str | None:
    """Run a command that writes to `folder`; return what it printed if it fails, else None.

    It keeps the lock, `descriptor`, if we are killed. What it has not cleared away when it is ended
    is in `folder`, too, and goes with that, not in the user's TMPDIR.
    """
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    try:
        return _run(command, {**environ, "TMPDIR": str(scratch)}, descriptor)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(command: Sequence[str], environ: Mapping[str, str], descriptor: int) -> str | None:
    with subprocess.Popen(
        command,
        env={**environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        umask=UMASK,
        pass_fds=[descriptor],
    ) as process:
        try:
            output = "".join(_shown(process.stdout or []))
        except BaseException:
            end(process, PIP_GRACE_S)  # or it is waited for, and pip takes a minute
            raise
    return output if process.returncode else None


def _shown(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        print(line, end="", file=sys.stderr, flush=True)
        yield line
