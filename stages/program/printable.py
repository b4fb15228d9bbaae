"""Text of strangers, which files, names and programs hold, as it may be shown on a terminal."""

ELLIPSIS = "..."


def printable(text: str, limit: int = 0) -> str:
    r"""Return `text` on one line, with all that is not printable as Python escapes it: `\x1b`.

    With a `limit`, at most that many characters of it, the last ones replaced by `...` if more
    would follow.
    """
    shown = text if not limit or len(text) <= limit else text[: limit - len(ELLIPSIS)] + ELLIPSIS
    return "".join(char if char.isprintable() else _escaped(char) for char in shown)


def _escaped(char: str) -> str:
    return repr(char)[1:-1]
