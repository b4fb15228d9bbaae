"""Gather the images of a split one by one, without those that can't be read; and what to say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from stages.program.printable import printable, shortened
from stages.samples import ImageShape, Samples
from stages.train.decoding import Decoded, UnreadableError, image_of

# Files that a line names.
MAX_NAMED = 3
# Called with the number of parts that are done and the number of all parts.
ShowProgress = Callable[[int, int], None]
Say = Callable[[str], None]


@dataclass(slots=True)
class Findings:
    """What was met while pictures were read: names with reasons, and how many were set on white."""

    unreadable: list[tuple[str, str]] = field(default_factory=list)
    on_white: int = 0

    def in_words(self) -> Iterator[str]:
        """Yield a line for each kind."""
        if self.unreadable:
            named = [
                f"{printable(shortened(name))} ({reason})"
                for name, reason in self.unreadable[:MAX_NAMED]
            ]
            more = len(self.unreadable) - len(named)
            rest = f", and {more} more" if more else ""
            count = len(self.unreadable)
            yield f"{count} can't be read as pictures and are left out: {', '.join(named)}{rest}"
        if self.on_white:
            yield f"{self.on_white} have transparent parts, which are taken for white"


class Gathered:
    """Images and labels of a split, each put in its place; nothing else is held."""

    def __init__(self, labels: list[int], shape: ImageShape, findings: Findings) -> None:
        self._images = np.empty((len(labels), *shape), np.uint8)
        self._labels = np.array(labels, np.int64)
        self._is_there = np.zeros(len(labels), np.bool_)
        self._findings = findings

    def put(self, place: int, name: str, found: Decoded | UnreadableError) -> None:
        """Keep the picture that was found for a place, or why there is none."""
        if isinstance(found, UnreadableError):
            self._findings.unreadable.append((name, str(found)))
            return
        self._images[place] = found.pixels
        self._findings.on_white += found.on_white
        self._is_there[place] = True

    def samples(self) -> Samples:
        """Return all that were there, in the order of their places."""
        kept = np.flatnonzero(self._is_there)
        for place, origin in enumerate(kept):
            if place != origin:  # in place, as a copy would take the memory twice
                self._images[place] = self._images[origin]
        return Samples(self._images[: len(kept)], self._labels[kept])


def image_or_why(content: bytes | None, shape: ImageShape) -> Decoded | UnreadableError:
    """Return the image of a content, None if its file can't be read, or why there is none."""
    try:
        if content is None:
            raise UnreadableError("no plain file that can be read, or too large")
        return image_of(content, shape)
    except UnreadableError as error:
        return error
