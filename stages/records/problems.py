"""What checks of a record yield: a line for each thing that is wrong with it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

Problems: TypeAlias = Iterator[str]


def twice(names: Iterable[str]) -> Problems:
    """Yield each name that is there more than once."""
    yield from (f"{name} is there twice" for name, count in Counter(names).items() if count > 1)
