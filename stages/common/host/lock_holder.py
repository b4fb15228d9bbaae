"""Who holds a lock on a file: as the kernel says it, else as the file's text does.

Source: Linux, Documentation/filesystems/proc.rst (/proc/locks), proc(5).
"""

import os
import pwd
import re
from dataclasses import dataclass
from pathlib import Path

from stages.program.printable import printable

PROC = Path("/proc")
# A container's control group ends in the 64 digits that the engine knows it by; 12 are enough.
CONTAINER_ID = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")
# What anyone may have written into a lock: a container's name in it can't be more than a name.
CONTAINER_NAME = re.compile(r" in container ([A-Za-z0-9][\w.-]{0,99}) ", re.ASCII)
MAX_SHOWN = 120
# What starts our container says by it how a person reaches the engine.
CLIENT = "STAGES_CLIENT"


@dataclass(frozen=True, slots=True)
class LockOwner:
    """Who holds a lock, in words, and the command that ends it, empty if that isn't known."""

    words: str
    command: str = ""


def holder_of(file: os.stat_result, said: str, proc: Path = PROC) -> LockOwner:
    """Return who holds a flock on `file`, whose text is `said`.

    Within a container the kernel shows the container's own processes alone.
    """
    return _by_kernel(_pid_of(file, _text(proc / "locks")), proc) or _by_text(said)


def _by_kernel(pid: int, proc: Path) -> LockOwner | None:
    command = _text(proc / str(pid) / "cmdline").replace("\0", " ").strip() if pid else ""
    if not command:
        return None
    found = CONTAINER_ID.search(_text(proc / str(pid) / "cgroup"))
    place = f" in container {found[1]}" if found else ""
    words = f"process {pid} of {_user_of(proc / str(pid))}{place}"
    return LockOwner(
        f"{words} ({printable(command, MAX_SHOWN)})",
        _removing(found[1]) if found else f"kill {pid}",
    )


def _by_text(said: str) -> LockOwner:
    if not said:
        return LockOwner("another run")
    found = CONTAINER_NAME.search(said)
    words = f"another run, which says of itself: {printable(said, MAX_SHOWN)}"
    return LockOwner(words, _removing(found[1]) if found else "")


def _removing(container: str) -> str:
    """Return the command that ends a container, of an engine elsewhere from where the user is."""
    return f"{os.environ.get(CLIENT) or 'docker'} rm --force {container}"


def _pid_of(file: os.stat_result, locks: str) -> int:
    """Return who holds the lock, 0 if it isn't shown.

    A line: `1: FLOCK  ADVISORY  WRITE 29281 fe:00:3441960 0 EOF`, the numbers of the device in
    hexadecimal; `->` is the second word for a process that waits.
    """
    device = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    for fields in (line.split() for line in locks.splitlines()):
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5] == device:
            return int(fields[4]) if fields[4].isdigit() else 0
    return 0


def _user_of(process: Path) -> str:
    try:
        number = process.stat().st_uid
    except OSError:
        return "another user"
    try:
        return f"user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"user {number}"


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
