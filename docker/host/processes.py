"""Which process made something, in words that outlive it: whether it still runs can be seen later.

Standard library only, as bootstrap.py uses what is beside it.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
# The start is the 22nd field of proc(5)'s stat; the second may hold spaces and brackets.
FIELDS_BEFORE_START = 19
NUMBER = r"([0-9]{1,20})"  # of 64 bits
TEXT = re.compile(rf"p{NUMBER}-{NUMBER}-([0-9a-f]{{8}})-{NUMBER}(?![0-9])")


@dataclass(frozen=True, slots=True)
class Process:
    """A process of some machine: numbers return, but not with the same start after the same boot.

    `start` is in clock ticks after the boot `boot`; `namespace` is where its number counts.
    """

    pid: int
    start: int
    boot: str
    namespace: int

    def __str__(self) -> str:
        return f"p{self.pid}-{self.start}-{self.boot}-{self.namespace}"

    def has_ended(self) -> bool:
        """Return whether it is known to have ended: one of another machine may still run."""
        here = current()
        if (self.boot, self.namespace) != (here.boot, here.namespace):
            return False
        return _start_of(self.pid) != self.start


def current() -> Process:
    """Return this process."""
    boot = (PROC / "sys/kernel/random/boot_id").read_text()[:8]
    namespace = (PROC / "self/ns/pid").stat().st_ino
    return Process(os.getpid(), _start_of(os.getpid()), boot, namespace)


def parse(text: str) -> Process | None:
    """Return the process that `text` begins with, None if it doesn't."""
    found = TEXT.match(text)
    return Process(int(found[1]), int(found[2]), found[3], int(found[4])) if found else None


def _start_of(pid: int) -> int:
    """Return when a process started, 0 if there is none."""
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return 0
    fields = stat.rpartition(")")[2].split()
    # A zombie does nothing any more.
    return 0 if fields[0] == "Z" else int(fields[FIELDS_BEFORE_START])
