"""The names of what is being written, which a killed command leaves behind.

NAME is written as `.NAME.XXXX.new`; a folder that was there before becomes `.NAME.XXXX.old` while
the two are swapped, or `.NAME.XXXX.gone` if it is not to be kept. Earlier versions left the XXXX
out.
"""

import re
from pathlib import Path

PATTERN = re.compile(r"\.(?P<name>.+?)(?P<random>\.[a-z0-9_]{8})?\.(?:new|old|gone)")


def known_place(path: Path) -> Path:
    """Return the path, or the folder above if nobody knows its name: it is only being written."""
    inner = next(filter(_is_only_written, (*reversed(path.parents), path)), None)
    return inner.parent if inner else path


def _is_only_written(path: Path) -> bool:
    match = PATTERN.fullmatch(path.name)
    return bool(match and match["random"])
