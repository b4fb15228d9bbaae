"""Standard output and error of the whole process, led elsewhere for a while.

Native libraries write to the descriptors, past Python's own streams.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from stages.program import streams


@contextmanager
def redirected(descriptor: int) -> Iterator[tuple[int, int]]:
    """Let all that the process prints, from C and Python alike, go to a descriptor.

    Yields descriptors of what standard output and error were until then.
    """
    streams.flush()
    originals = os.dup(1), os.dup(2)
    for number in (1, 2):
        os.dup2(descriptor, number)
    try:
        yield originals
    finally:
        try:
            streams.flush()
        finally:  # on a full disk, too: what is said of it must be seen
            for number, original in zip((1, 2), originals, strict=True):
                os.dup2(original, number)
                os.close(original)


def own_stream(stream: TextIO, number: int, original: int) -> TextIO:
    """Return a stream to where `stream` led before, which is `original` if its number is this."""
    try:
        if stream.fileno() != number:
            return stream
    except (OSError, ValueError):
        return stream
    return open(
        original, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1
    )
