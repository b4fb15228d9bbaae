"""Lists of CPUs as Linux writes them, `0-3,8`: of a setting, of sysfs, of control groups.

Source: Linux, Documentation/admin-guide/cputopology.rst.
"""

import re
from collections.abc import Iterable

from stages.setting.ranges import MAX_CPUS

_PART = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


def parse_list(text: str) -> list[int]:
    """Return the numbers of a list such as `0-3,8`, in order; none of an empty one.

    Raises ValueError, with the reason, if it is no such list, if a number is there twice, or if
    one is no CPU's that Linux could have.
    """
    numbers: set[int] = set()
    for part in text.strip().split(",") if text.strip() else []:
        span = _span(part.strip())
        twice = numbers.intersection(span)
        if twice:
            raise ValueError(f"{min(twice)} is there twice")
        numbers.update(span)
    return sorted(numbers)


def _span(part: str) -> range:
    """Return the numbers of one part of a list, checked before there are any."""
    match = _PART.fullmatch(part)
    if not match:
        raise ValueError("")
    first, last = int(match[1]), int(match[2] or match[1])
    if last < first:
        raise ValueError(f"{first}-{last} runs backwards")
    if last >= MAX_CPUS:
        raise ValueError(f"Linux numbers its CPUs up to {MAX_CPUS - 1}")
    return range(first, last + 1)


def format_list(numbers: Iterable[int]) -> str:
    """Return numbers as a list that `parse_list` reads, such as `0,1,8`."""
    return ",".join(map(str, numbers))
