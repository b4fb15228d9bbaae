"""The forms in which the kernel, and tools like it, show things as text."""

from collections.abc import Iterable
from pathlib import Path


def text_of(path: Path) -> str:
    """Return what a file of the kernel says, empty if it is not there or can't be read."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def fields_of(text: str) -> dict[str, str]:
    """Return the fields of lines such as `model name : A CPU`, by name."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def parse_list(text: str) -> list[int]:
    """Return the numbers of a list such as `0-3,8`, in order; ValueError if it is none."""
    numbers: set[int] = set()
    for part in text.strip().split(",") if text.strip() else []:
        first, dash, last = part.strip().partition("-")
        numbers.update(range(int(first), int(last if dash else first) + 1))
    return sorted(numbers)


def format_list(numbers: Iterable[int]) -> str:
    """Return numbers as a list that `parse_list` reads, such as `0,1,8`."""
    return ",".join(map(str, numbers))
