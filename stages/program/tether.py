"""Children that end with the process that started them, however that one ends.

Standard library only, as bootstrap.py uses it.
"""

import os
import shlex
import shutil
import signal
from collections.abc import Mapping, Sequence

# The kernel's signal is only for a parent that ends from now on: one that is gone already shows by
# the child's new one.
SCRIPT = 'test "$PPID" = "$1" || exit 1; shift; exec "$@"'
# A program that did not fork left the shell the number that this process had; its parent's end is
# then no reason to end: under nohup, that is the shell of a terminal that was closed.
THROUGH = (
    'test "$$" = "$1" && shift && exec "$@"; '
    f'exec setpriv --pdeathsig=TERM sh -c {shlex.quote(SCRIPT)} sh "$@"'
)


def tethered_through(command: Sequence[str]) -> str:
    """Return the shell command for a program that this process becomes, such as sg.

    It may start the shell as a child, for which it only waits: it passes no signal on. The child is
    then asked to end when that program has ended.
    """
    return "exec " + shlex.join(["sh", "-c", THROUGH, "sh", str(os.getpid()), *command])


def tethered(
    command: Sequence[str],
    signum: signal.Signals = signal.SIGKILL,
    environ: Mapping[str, str] = os.environ,
) -> list[str]:
    """Return the command that runs `command` and sends it `signum` when this process has ended.

    All that it goes through are exec calls, so the process is the one that is started. It must be
    started by a thread that lasts: for the kernel, that thread is its parent. Without setpriv, of
    util-linux, it is `command` itself.
    """
    if not shutil.which("setpriv", path=environ.get("PATH")):
        return [*command]
    name = signum.name.removeprefix("SIG")
    return ["setpriv", f"--pdeathsig={name}", "sh", "-c", SCRIPT, "sh", str(os.getpid()), *command]
