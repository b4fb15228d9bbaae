"""Data sets of tensorflow-datasets in the cache: made there once, and read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from stages.errors import InputCorruptError
from stages.files import trees
from stages.folder.cache import cached
from stages.samples import ImageShape, Samples
from stages.train.decoding import resized

tfds.disable_progress_bar()  # this project shows its progress itself

# What tensorflow-datasets has beside the images, to find them and to read them.
METADATA = ("dataset_info.json", "features.json")


def builder_in(
    name: str, folder: Path, prepare: Callable[[Any, Path], None], config: Any = None
) -> Any:
    """Return what reads a data set from its folder in the cache.

    If that is missing or damaged, `prepare` gets what makes the set, and a folder for what is not
    to be kept.
    """

    def at(place: Path) -> Any:
        return tfds.builder(name, data_dir=str(place), **({"config": config} if config else {}))

    def make(made: Path) -> None:
        scratch = made / "scratch"
        prepare(at(made), scratch)
        trees.remove(scratch)

    inner = Path(name, *([config.name] if config else []), str(tfds.builder_cls(name).VERSION))
    cached(folder, make, [f"{inner}/{file}" for file in METADATA])
    return at(folder)


def read(builder: Any, split: str, shape: ImageShape) -> Samples:
    """Return the images of a split, or of a part of it, in the order in which they are kept.

    Raises InputCorruptError if they can't be read.
    """
    try:
        dataset = builder.as_dataset(split=split, as_supervised=True)
        fitted = dataset.map(lambda image, label: (resized(image, shape), label))
        pairs = list(tfds.as_numpy(fitted))
    except tf.errors.OpError as error:  # though all of it has its checksum
        raise unreadable(builder) from error
    images = np.stack([image for image, _ in pairs])
    return Samples(images, np.array([label for _, label in pairs], np.int64))


def unreadable(builder: Any) -> InputCorruptError:
    """Return the error to raise for a set in the cache that can't be read."""
    return InputCorruptError(
        f"the cached data set in {builder.data_dir} can't be read; "
        "remove that folder and run train again"
    )


def classes_of(builder: Any) -> tuple[str, ...]:
    """Return the names of the classes of a data set."""
    return tuple(builder.info.features["label"].names)
