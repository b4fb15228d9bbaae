"""What another program says, as it may be shown: on one line, not too long, without secrets.

Passwords are found by how they are written: in an address, before an `@`, or behind a name that
says what they are. One that stands alone can't be known from other words.
"""

import re
from collections.abc import Collection

from stages.program.printable import printable
from stages.setting.addresses import HIDDEN, redacted

MAX_SAID = 200
NO_REASON = "it does not say why"
_WORD = re.compile(r"\S+")
_NAME = (
    r"(?:password|passwd|passphrase|token|secret|jwt|credential|authorization"
    r"|(?:api|access|private)[_-]?key)"
)
_BEFORE_SECRET = "|".join(
    (
        rf"{_NAME}\w{{0,40}}['\"]?\s?[=:]\s*(?:(?:bearer|basic)\s+)?",
        rf"--[\w-]{{0,40}}?{_NAME}\s+",
        r"\bbearer\s+",
    )
)
# What Docker says last of each failure, whatever failed.
_HINT = re.compile(r"(?:run|see) '[^']{1,100} --help'", re.IGNORECASE)
_NAMED = re.compile(rf"({_BEFORE_SECRET})\S+", re.IGNORECASE)


def shown(text: str, limit: int = MAX_SAID, hidden: Collection[str] = ()) -> str:
    """Return all that was said, in one line, cut at `limit` characters.

    `hidden` are passwords that are known, which may stand anywhere in it.
    """
    for secret in sorted(hidden, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return shown_line(" ".join(text.split()), limit)


def shown_line(line: str, limit: int = MAX_SAID) -> str:
    """Return a line with its blanks as they are, cut at `limit` characters."""
    hidden = _NAMED.sub(rf"\1{HIDDEN}", redacted(line))
    return printable(_WORD.sub(lambda match: _without_user(match[0]), hidden), limit)


def last_line(text: str, otherwise: str = NO_REASON, limit: int = MAX_SAID) -> str:
    """Return the last line that has words, which is where programs say why; or `otherwise`.

    A hint at how a program is used stands behind that.
    """
    lines = [line for line in text.splitlines() if line.strip() and not _HINT.match(line)]
    return shown(lines[-1], limit) if lines else otherwise


def _without_user(word: str) -> str:
    """Return a word without the name and password before a host that has no scheme."""
    before, at, host = word.rpartition("@")
    if "://" in word or ":" not in before:
        return word
    name, equals, _ = before.rpartition("=")
    return f"{name}{equals}{HIDDEN}{at}{host}"
