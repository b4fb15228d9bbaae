"""Pictures by class and split, and what a data set must have of both."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.errors import DataError
from stages.program.printable import printable

MAX_CLASSES = 1000
MAX_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Picture:
    """The index of its class, and its name, which no other picture of the data set has."""

    label: int
    name: str


def require_classes(data: str, classes: Sequence[str], form: str) -> None:
    """Raise DataError unless `data`, in words, has 2 to 1000 classes; `form` is what to give.

    Raises it, too, if two have one name, by which no result could be of one alone.
    """
    if not classes:
        raise DataError(f"{data} has no folders of classes; give {form}")
    if len(classes) == 1:
        raise DataError(f"{data} has one class alone, {_shown(classes[0])}; give {form}")
    if len(classes) > MAX_CLASSES:
        raise DataError(f"{data} has {len(classes)} classes; give at most {MAX_CLASSES}")
    if twice := [name for name, count in Counter(classes).items() if count > 1]:
        raise DataError(f"{data} has two classes that are shown as {_shown(twice[0])}; rename one")


def require_in_every_split(
    data: str, splits: Mapping[str, Sequence[Picture]], classes: Sequence[str]
) -> None:
    """Raise DataError if a class has no picture in one of the splits."""
    if not any(splits.values()):
        raise DataError(f"{data} has no pictures in the folders of its classes; add some")
    for split, pictures in splits.items():
        there = {picture.label for picture in pictures}
        if absent := [name for label, name in enumerate(classes) if label not in there]:
            raise DataError(
                f"{split} of {data} has no pictures of {_named(absent)}; add some, or leave "
                f"{'it' if len(absent) == 1 else 'them'} out of all splits"
            )


def require_trainable(
    data: str, pictures: Sequence[Picture], found: Sequence[Picture], classes: Sequence[str]
) -> None:
    """Raise DataError if setting pictures aside, of those found, leaves none of a class."""
    there = {picture.label for picture in pictures}
    for label, name in enumerate(classes):
        if label not in there:
            count = sum(picture.label == label for picture in found)
            raise DataError(
                f"{data} has {count} pictures of the class {_shown(name)}, of which none is left "
                "to train on beside those for validation and test; add some, or lower "
                "validation_samples and test_samples"
            )


def _named(classes: Sequence[str]) -> str:
    more = f" and {len(classes) - 1} more" if len(classes) > 1 else ""
    return f"the class {_shown(classes[0])}{more}"


def _shown(name: str) -> str:
    return printable(name, MAX_SHOWN)
