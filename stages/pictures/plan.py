"""Which pictures of a data set are taken for training, validation and test: by the seed alone."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stages.pictures.classes import Picture, require_trainable

# Taken of a split if no number is asked for: at most n, or n of each class if that is more.
# They are held in memory, and each costs what the backbone takes for an image.
MOST = {"train": 2000, "validation": 500, "test": 500}
OF_EACH_CLASS = {"train": 4, "validation": 1, "test": 1}
# The fraction of the training pictures that is set aside for a split that there is not.
SET_ASIDE = 0.15


@dataclass(frozen=True, slots=True)
class Plan:
    """The pictures to take by split, in order, those that there are, and which were set aside.

    Any first part of a split has its classes as evenly as they are in all of it.
    """

    taken: Mapping[str, list[Picture]]
    found: Mapping[str, int]
    set_aside: tuple[str, ...]

    def sizes(self) -> dict[str, int]:
        """Return the number of pictures that are taken, by split."""
        return {split: len(pictures) for split, pictures in self.taken.items()}

    def in_words(self, classes: int, read: Mapping[str, int]) -> Iterator[str]:
        """Yield a line of what there is and what is taken, and one of what was set aside.

        `read` is how many of those that were planned are images, by split.
        """
        there = ", ".join(f"{split} {count}" for split, count in self.found.items())
        taken = ", ".join(f"{split} {read[split]}" for split in self.taken)
        yield f"{classes} classes; pictures there: {there}; taken: {taken}"
        if self.set_aside:
            yield f"{' and '.join(self.set_aside)}: set aside from train, by the seed"


def planned(
    data: str,
    splits: Mapping[str, Sequence[Picture]],
    classes: Sequence[str],
    asked: Mapping[str, int],
    seed: int,
) -> Plan:
    """Return what to take of `splits`, which have train; the same for the same names and seed.

    `asked` has the number to take by split, 0 for the usual ones. Raises DataError if no picture of
    a class is left to train on.
    """
    pool, taken, aside = list(splits["train"]), dict[str, list[Picture]](), []
    share = max(len(classes), round(SET_ASIDE * len(pool)))
    for split in ("test", "validation"):
        most = asked[split] or _most(split, len(classes))
        if split in splits:
            taken[split] = in_turn(splits[split], seed)[:most]
            continue
        count = asked[split] or min(most, share)
        order = in_turn(pool, seed)
        taken[split], pool = order[:count], order[count:]
        aside.append(split)
    require_trainable(data, pool, splits["train"], classes)
    train = in_turn(pool, seed)[: asked["train"] or _most("train", len(classes))]
    found = {split: len(pictures) for split, pictures in splits.items()}
    return Plan({"train": train, **taken}, found, tuple(reversed(aside)))


def in_turn(pictures: Sequence[Picture], seed: int) -> list[Picture]:
    """Return the pictures mixed by the seed, so that any first part has the classes evenly.

    It has one of each class first, then of each as many as its part of all.
    """
    by_class: dict[int, list[Picture]] = {}
    for picture in sorted(pictures, key=lambda it: _key(it.name, seed)):
        by_class.setdefault(picture.label, []).append(picture)
    placed = [
        (rank > 0, (rank + 0.5) / len(members), label, picture)
        for label, members in by_class.items()
        for rank, picture in enumerate(members)
    ]
    placed.sort(key=lambda it: it[:3])
    return [picture for *_, picture in placed]


def _most(split: str, classes: int) -> int:
    return max(MOST[split], OF_EACH_CLASS[split] * classes)


def _key(name: str, seed: int) -> bytes:
    """Return what a name is sorted by; the others keep their order if one is added."""
    return hashlib.sha256(f"{seed} ".encode() + os.fsencode(name)).digest()
