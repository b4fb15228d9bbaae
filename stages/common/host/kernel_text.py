"""The forms in which the kernel, and tools like it, show things as text.

What a file says may be odd: a machine, its firmware or a container can show anything. So nothing
here raises for it; what can't be read is unknown.
"""

import re
from itertools import islice
from pathlib import Path

from stages.program.printable import printable
from stages.setting.cpu_list import parse_list

# /proc/cpuinfo has 1.5 KB for each CPU; nothing that is read here is larger.
MAX_BYTES = 2**25
# The kernel refuses to give more than a few MB of a file of /proc/sys at once.
CHUNK_BYTES = 2**16
# Characters of a name that firmware or a hypervisor gives, which records and reports repeat.
MAX_NAME = 120
_WHOLE = re.compile(r"[0-9]{1,20}")


def text_of(path: Path) -> str:
    """Return what a file of the kernel says, empty if it is not there or can't be read."""
    try:
        with path.open("rb") as stream:
            parts = islice(iter(lambda: stream.read(CHUNK_BYTES), b""), MAX_BYTES // CHUNK_BYTES)
            return b"".join(parts).decode(errors="replace").strip()
    except (OSError, ValueError):  # a path with a NUL
        return ""


def whole_of(text: str) -> int | None:
    """Return the whole number, 0 or more, that a text consists of; None if it is none."""
    return int(text) if _WHOLE.fullmatch(text.strip()) else None


def name_of(text: str) -> str:
    """Return a name as it may be recorded and shown: on one line, and not too long."""
    return printable(text.strip(), MAX_NAME)


def fields_of(text: str) -> dict[str, str]:
    """Return the fields of lines such as `model name : A CPU`, by name."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def cpus_of(text: str) -> list[int]:
    """Return the CPUs of a list of the kernel's, none if it is no list."""
    try:
        return parse_list(text)
    except ValueError:
        return []
