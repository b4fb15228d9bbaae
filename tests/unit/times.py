"""The time of day, with which lines of progress begin."""

import re

TIME = r"\d\d:\d\d:\d\d "
TIMED = re.compile(f"((?:\r\x1b\\[K)?){TIME}(\\[.*)")


def without_times(text: str) -> list[str]:
    """Return the lines without the time with which each that shows progress must begin."""
    return [_without_time(line) for line in text.splitlines()]


def _without_time(line: str) -> str:
    timed = TIMED.fullmatch(line)
    assert timed or "[" not in line
    return timed[1] + timed[2] if timed else line
