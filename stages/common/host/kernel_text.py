"""The forms in which the kernel, and tools like it, show things as text.

What a file says may be odd: a machine, its firmware or a container can show anything. So nothing
here raises for it; what can't be read is unknown.
"""

import re
from functools import partial
from itertools import islice
from pathlib import Path

from stages.program.printable import printable
from stages.setting.cpu_list import parse_list

# /proc/cpuinfo has 1.5 KB for each CPU; nothing that is read here is larger.
MAX_BYTES = 2**25
# The kernel makes room for all that is asked for at once, and refuses too much of it.
CHUNK_BYTES = 2**16
# Characters of a name that firmware or a hypervisor gives, which records and reports repeat.
MAX_NAME = 120
_WHOLE = re.compile(r"[0-9]{1,20}")


def text_of(path: Path) -> str:
    """Return what a file of the kernel says, empty if it is not there or can't be read."""
    try:
        with path.open("rb") as stream:
            chunks = iter(partial(stream.read, CHUNK_BYTES), b"")
            content = b"".join(islice(chunks, MAX_BYTES // CHUNK_BYTES))
            return content.decode(errors="replace").strip()
    except (OSError, ValueError):  # a path with a NUL
        return ""


def whole_of(text: str) -> int | None:
    """Return the whole number, 0 or more, that a text consists of; None if it is none."""
    return int(text) if _WHOLE.fullmatch(text.strip()) else None


def count_of(path: Path, name: str) -> int | None:
    """Return the number on the line of a file such as `inactive_file 12`, None if there is none."""
    lines = (line.split() for line in text_of(path).splitlines())
    found = [whole_of(words[1]) for words in lines if words[:1] == [name] and words[1:]]
    return found[0] if found else None


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
