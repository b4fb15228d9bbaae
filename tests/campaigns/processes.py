"""Commands of the product that are started, ended by force, and followed to the last process."""

import ctypes
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from stages.errors import NotTrustedError

PR_SET_CHILD_SUBREAPER = 36
POLL_S = 0.05
PIECE = 2**16
# A program that takes its terminal, enters its control group, and becomes the command.
PREPARE = """
import fcntl, os, sys, termios
if sys.argv[1] == "1":
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if sys.argv[2]:
    with open(sys.argv[2] + "/cgroup.procs", "w") as processes:
        processes.write(str(os.getpid()))
os.execvp(sys.argv[3], sys.argv[3:])
"""
# The first processes of commands whose exit code was not asked for yet.
_STARTED: set[int] = set()


def adopt_orphans() -> None:
    """Make this process the parent of all that its children leave behind, whatever session."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "can't become the parent of orphans")


class Command:
    """A command that runs in a session of its own; what it prints goes to a file.

    With `terminal` it has a terminal of its own, which it reads and prints to. With `cgroup`, a
    folder of the kernel, it and its children are limited by it.
    """

    def __init__(
        self,
        argv: Sequence[str],
        folder: Path,
        output: Path,
        environ: Mapping[str, str],
        terminal: bool = False,
        cgroup: Path | None = None,
    ) -> None:
        self._path = output
        self._stream = output.open("wb")
        self._master, slave = pty.openpty() if terminal else (-1, -1)
        prepared = [sys.executable, "-c", PREPARE, str(int(terminal)), str(cgroup or "")]
        self._process = subprocess.Popen(
            [*prepared, *argv] if terminal or cgroup else argv,
            cwd=folder,
            env={**environ},
            stdin=slave if terminal else subprocess.DEVNULL,
            stdout=slave if terminal else self._stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _STARTED.add(self._process.pid)
        if terminal:
            os.close(slave)

    @property
    def pid(self) -> int:
        """The number of its first process, and of its session and group."""
        return self._process.pid

    @property
    def output(self) -> str:
        """All that it printed so far."""
        if not self._stream.closed:
            self._stream.flush()
        return self._path.read_text(errors="replace")

    def code_within(self, seconds: float) -> int | None:
        """Return its exit code as soon as it ends; None if it runs longer than that.

        The code of a run that is not to be trusted counts as 0: all was done, in a single round.
        """
        until = time.monotonic() + seconds
        while True:
            code = self._process.poll()
            code = 0 if code == NotTrustedError.exit_code else code
            remaining = until - time.monotonic()
            if code is not None or remaining <= 0:
                self._pump(0)
                if code is not None:
                    _STARTED.discard(self.pid)
                return code
            self._pump(min(POLL_S, remaining))

    def kill(self, number: int, group: bool) -> None:
        """Send a signal to it alone, or to its group, as a terminal does."""
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, number)

    def close_terminal(self) -> None:
        """Close its terminal, as a connection that breaks does."""
        if not self._stream.closed:
            self._pump(0)
        os.close(self._master)
        self._master = -1

    def close(self) -> None:
        """Take no more of what it prints."""
        self._stream.close()
        if self._master >= 0:
            self.close_terminal()

    def _pump(self, seconds: float) -> None:
        """Wait, and take what the terminal has got: it would else become full."""
        if self._master < 0:
            time.sleep(seconds)
            return
        readable, _, _ = select.select([self._master], [], [], seconds)
        with suppress(OSError):  # how the last process that leaves it ends a terminal
            while readable:
                self._stream.write(os.read(self._master, PIECE))
                readable, _, _ = select.select([self._master], [], [], 0)
        if readable:
            time.sleep(seconds)


def descendants() -> dict[int, str]:
    """Return the command lines of all living processes that this one or its children started."""
    states = dict(_states())
    family = {os.getpid()}
    while more := {pid for pid, (_, parent) in states.items() if parent in family} - family:
        family |= more
    _reap(pid for pid in family if states.get(pid, ("", 0)) == ("Z", os.getpid()))
    living = {pid for pid in family if pid in states and states[pid][0] not in "ZX"}
    return {pid: _command_line(pid) for pid in sorted(living - {os.getpid()})}


def end_all(pids: Sequence[int]) -> None:
    """End these processes, so that the next try finds none of them."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _states() -> Iterator[tuple[int, tuple[str, int]]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            yield int(path.parent.name), (state, int(parent))


def _reap(pids: Iterator[int]) -> None:
    """Take note of orphans that ended; the first process of a command is left to the command."""
    for pid in pids:
        if pid not in _STARTED:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
    return ""
