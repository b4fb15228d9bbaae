"""Child processes that get time to clean up when this one is asked to end.

Standard library only, as bootstrap.py uses what is beside it.
"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from stages.program import streams
from stages.program.naming import naming
from stages.program.signals import (
    ENDING,
    SIGNALLED,
    AlreadySaid,
    Terminated,
    blocked,
    held_back,
)

CHUNK = 1 << 16
# How soon it is seen that a child has ended whose output something else keeps open.
LOOK_S = 1.0


def run_gently(
    command: Sequence[str],
    grace_s: float,
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    is_stage: bool = False,
    new_session: bool = False,
) -> int:
    """Run a command without input and return its code, below 0 for a signal.

    Should this process be interrupted meanwhile, the child is asked to end, and killed if it has
    not done so after `grace_s` seconds. A stage gets the very signal, as soon as it can say so in
    words, which is after its imports; AlreadySaid is raised when it has. In a new session, Ctrl-C
    reaches this process alone.
    """
    child = None
    try:
        # An interruption before it has its name here would leave it running.
        with held_back(), blocked() if is_stage else nullcontext():
            child = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                start_new_session=new_session,
            )
        return child.wait()
    except (KeyboardInterrupt, Terminated) as error:
        signum = getattr(error, "signum", signal.SIGINT)
        code = end(child, grace_s, signum if is_stage else signal.SIGTERM)
        if is_stage and code - SIGNALLED in ENDING:
            raise AlreadySaid(signum) from None
        raise
    except BaseException:
        end(child, grace_s)
        raise


def end(
    child: "subprocess.Popen[bytes] | subprocess.Popen[str] | None",
    grace_s: float,
    signum: int = signal.SIGTERM,
) -> int:
    """End a child by a signal, or kill it if that takes too long; return its code."""
    if child is None:
        return 0
    child.send_signal(signum)
    try:
        return child.wait(grace_s)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def pass_on(child: "subprocess.Popen[bytes]") -> None:
    """Write what a child prints, its standard output, to our own, until it ends.

    Given our own instead, the engine's client would complain that nobody reads it any more, in
    words and with an exit code of its own. Raises BrokenPipeError then, OSError if it can't be
    written.
    """
    sys.stdout.flush()
    source = child.stdout
    while source and _comes(source.fileno(), child) and (chunk := os.read(source.fileno(), CHUNK)):
        with naming(streams.OUTPUT):
            _write(chunk)


def shared_errors() -> int | None:
    """Return where a child's errors go so that they keep their place among what `pass_on` writes.

    That is the pipe to us if our two streams lead to one place, None, our own, if not.
    """
    try:
        return subprocess.STDOUT if os.path.samestat(os.fstat(1), os.fstat(2)) else None
    except OSError:
        return None


def _comes(source: int, child: "subprocess.Popen[bytes]") -> bool:
    """Wait until there is something to read, or the child has ended and all it wrote was read."""
    while True:
        # Asked before looking: what it writes last, and ends, would else be missed.
        has_ended = child.poll() is not None
        if select.select([source], [], [], 0 if has_ended else LOOK_S)[0]:
            return True
        if has_ended:
            return False


def _write(data: bytes) -> None:
    while data:
        try:
            data = data[os.write(1, data) :]
        except BlockingIOError:
            select.select([], [1], [])
