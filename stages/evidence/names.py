"""Which names the files of a bundle may have: those that are the same on every file system."""

import re
from collections.abc import Sequence

from stages.evidence.limits import MAX_DEPTH, MAX_FILES, MAX_FOLDERS, MAX_NAME

# The portable characters of POSIX, and those that versions, precisions and layouts may bring.
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=,@%-]*")


def problem_of_name(name: str) -> str:
    """Return what is wrong with the name of a file in a bundle, empty if nothing is."""
    parts = name.split("/")
    if len(name) > MAX_NAME:
        return f"its name is longer than {MAX_NAME} characters"
    if len(parts) > MAX_DEPTH:
        return f"it is more than {MAX_DEPTH} folders deep"
    if not all(map(_PART.fullmatch, parts)):
        return "its name is none that a bundle may have"
    return ""


class Order:
    """Checks that names come in the order of a bundle, each once, and none for two things.

    It takes the parts of each path, one after the other.
    """

    def __init__(self) -> None:
        self._last: list[str] = []
        self._count = 0
        # How each file and folder is spelled, by its path in lower case.
        self._spelled: dict[str, str] = {}

    def problem_of(self, name: str) -> str:
        """Return why `name` may not come next, empty if it may."""
        parts, last = name.split("/"), self._last
        self._last, self._count = parts, self._count + 1
        if self._count > MAX_FILES:
            return f"it has more than {MAX_FILES} files"
        if last and parts == last:
            return "it is there twice"
        if last and parts < last:
            return "it is out of order"
        if last and parts[: len(last)] == last:
            return "it is in a folder that has the name of a file"
        if not self._is_spelled_once(parts):
            return "another name differs in case alone"
        too_many = len(self._spelled) - self._count > MAX_FOLDERS
        return f"it has more than {MAX_FOLDERS} folders" if too_many else ""

    def _is_spelled_once(self, parts: Sequence[str]) -> bool:
        paths = ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
        return all(self._spelled.setdefault(path.lower(), path) == path for path in paths)
