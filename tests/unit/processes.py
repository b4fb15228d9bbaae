"""Processes that are ended from outside, and what becomes of those that they started."""

import os
import select
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Far longer than it takes, far shorter than what waits to be ended.
WAIT_S = 20


def ends(pid: int) -> bool:
    """Return whether a process, not a child of this one, comes to its end."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], WAIT_S)[0])
    finally:
        os.close(descriptor)


def start(
    script: str,
    *arguments: str,
    path: str = os.environ["PATH"],
    errors: int = subprocess.STDOUT,
    own_group: bool = False,
) -> "subprocess.Popen[str]":
    """Start a Python script; what it prints, errors too, can be read."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=own_group,
    )


def orphan_ends(script: str, *arguments: str, path: str = os.environ["PATH"]) -> bool:
    """Run a script that prints the pid of a child, kill it; return whether the child ends."""
    with start(script, *arguments, path=path) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        ended = ends(child)
    if not ended:
        os.kill(child, 9)
    return ended
