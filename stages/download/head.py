"""What the head of an answer says of a file: which version it is, and how long."""

from email.message import Message

# How many a number of bytes may have: Python reads none of some thousand digits.
MAX_DIGITS = 18


def validator_of(headers: Message) -> str:
    """Return what names this version of a file: a strong ETag, else the time of its change."""
    tag = str(headers.get("ETag", ""))
    return tag if tag and not tag.startswith("W/") else str(headers.get("Last-Modified", ""))


def total_of(headers: Message, start: int) -> int:
    """Return how long the file will be if the answer holds it from `start` on, 0 if unknown."""
    if start and (whole := _number(headers.get("Content-Range", "").rpartition("/")[2])):
        return whole
    length = _number(headers.get("Content-Length", ""))
    return start + length if length else 0


def _number(text: str) -> int:
    """Return a number of bytes, 0 if it is none; of one too big for any file, another too big."""
    return int(text.lstrip("0")[:MAX_DIGITS] or 0) if text.isascii() and text.isdigit() else 0
