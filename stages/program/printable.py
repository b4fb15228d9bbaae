"""Text of strangers, which files, names and programs hold, as it may be shown on a terminal."""

ELLIPSIS = "..."
# Longer ones are in no folder that a person made.
MAX_PATH = 400


def printable(text: str, limit: int = 0) -> str:
    r"""Return `text` on one line, with all that is not printable as Python escapes it: `\x1b`.

    With a `limit`, at most that many characters of it, the last ones replaced by `...` if more
    would follow.
    """
    shown = text if not limit or len(text) <= limit else text[: limit - len(ELLIPSIS)] + ELLIPSIS
    return "".join(char if char.isprintable() else _escaped(char) for char in shown)


def shortened(path: str) -> str:
    """Return a path as it can be read, the middle of a very long one replaced by `...`."""
    if len(path) <= MAX_PATH:
        return path
    return f"{path[: MAX_PATH // 2]}{ELLIPSIS}{path[-MAX_PATH // 4 :]}"


def _escaped(char: str) -> str:
    return repr(char)[1:-1]
