"""The four disjoint sets of images: train, calibration, validation, test."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stages.records.base import Source
from stages.samples import Samples
from stages.sizes import too_few_to_train


@dataclass(frozen=True, slots=True)
class Splits:
    """Labelled images by use, the names of the classes in label order, and the images' origin.

    `files_sha256` is the hash of the files that were read, if they are the user's own.
    """

    train: Samples
    calibration: Samples
    validation: Samples
    test: Samples
    classes: tuple[str, ...]
    source: Source
    files_sha256: str = ""

    def sizes(self) -> dict[str, int]:
        """Return the number of images of each set."""
        names = ("train", "calibration", "validation", "test")
        return {name: len(getattr(self, name)) for name in names}


def set_aside(samples: Samples, count: int) -> tuple[Samples, Samples]:
    """Return the rest of `samples`, and `count` of them, as evenly over the classes as possible.

    Raises SettingsError if not one image of each class would be left to train on.
    """
    order = _class_by_class(samples)
    taken, rest = np.sort(order[:count]), np.sort(order[count:])
    if len(taken) < count or set(samples.labels[rest]) != set(samples.labels):
        raise too_few_to_train(len(samples), count)
    return _select(samples, rest), _select(samples, taken)


def without_repeats(samples: Samples, others: Sequence[Samples]) -> Samples:
    """Return the samples whose image is in none of the others."""
    seen = {_hash(image) for other in others for image in other.images}
    kept = [index for index, image in enumerate(samples.images) if _hash(image) not in seen]
    if len(kept) == len(samples):
        return samples  # a copy would take the memory twice
    return _select(samples, np.array(kept, np.int64))


def content_sha256(parts: Sequence[Samples]) -> str:
    """Return the sha256 of all images and labels, in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part.images).data)
        digest.update(np.ascontiguousarray(part.labels).data)
    return digest.hexdigest()


def _class_by_class(samples: Samples) -> npt.NDArray[np.int64]:
    """Return the indices of all images: one of each class in turn, then a second of each, ...

    The last of each class come last, so that no class is used up before it has to be.
    """
    ranks = np.zeros(len(samples), np.int64)
    for label in set(samples.labels.tolist()):
        members = samples.labels == label
        ranks[members] = [*range(members.sum() - 1), len(samples)]
    return np.asarray(np.lexsort((samples.labels, ranks)), np.int64)


def _select(samples: Samples, index: npt.NDArray[np.int64]) -> Samples:
    return Samples(samples.images[index], samples.labels[index])


def _hash(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    return hashlib.sha256(image.tobytes()).digest()
