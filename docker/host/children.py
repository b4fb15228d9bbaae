"""Child processes that get time to clean up when this one is asked to end.

Standard library only, as bootstrap.py uses what is beside it.
"""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from stages.program.signals import held_back


def run_gently(
    command: Sequence[str],
    grace_s: float,
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
) -> int:
    """Run a command without input and return its code, below 0 for a signal.

    Should this process be interrupted meanwhile, the child is asked to end, and killed if it has
    not done so after `grace_s` seconds.
    """
    child = None
    try:
        with held_back():  # an interruption before it has its name here would leave it running
            child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL)
        return child.wait()
    except BaseException:
        _end(child, grace_s)
        raise


def _end(child: "subprocess.Popen[bytes] | None", grace_s: float) -> None:
    if child is None:
        return
    child.terminate()
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
