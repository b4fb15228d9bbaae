"""The embedded data set: drawn bean leaves, served through tensorflow-datasets.

Importing this module registers the set, so that `tfds.load("bean_leaves", ...)` finds it.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from numpy.typing import NDArray

from stages.samples import IMAGE_SHAPE
from stages.train.leaves import CLASS_NAMES, draw_leaf

# Called with the number of parts that are done and the number of all parts.
ShowProgress = Callable[[int, int], None]

_SPLITS = ("train", "validation", "test")
_DRAWING_SOURCES = ("canvas.py", "leaf_shape.py", "leaves.py")


@dataclass(eq=False, kw_only=True)
class BeanLeavesConfig(tfds.core.BuilderConfig):  # type: ignore[misc]
    """The seed, the number of images of each split, and what to call after each image drawn."""

    seed: int
    train: int
    validation: int
    test: int
    progress: ShowProgress


class BeanLeaves(tfds.core.GeneratorBasedBuilder):  # type: ignore[misc]
    """Drawn bean leaves with the features, splits and label order of the set `beans`."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self) -> Any:
        features = {
            "image": tfds.features.Image(shape=IMAGE_SHAPE),
            "label": tfds.features.ClassLabel(names=CLASS_NAMES),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            disable_shuffling=True,
        )

    def _split_generators(self, _: Any) -> dict[str, Any]:
        return {split: self._generate_examples(split) for split in _SPLITS}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        config = self.builder_config
        sizes = [getattr(config, name) for name in _SPLITS]
        position = _SPLITS.index(split)

        def draw(index: int) -> tuple[int, NDArray[np.uint8]]:
            label = index % len(CLASS_NAMES)
            return label, draw_leaf(label, np.random.default_rng([config.seed, position, index]))

        # NumPy and Pillow release the interpreter's lock while they work.
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
            for index, (label, image) in enumerate(threads.map(draw, range(sizes[position]))):
                yield index, {"image": image, "label": label}
                config.progress(sum(sizes[:position]) + index + 1, sum(sizes))


def make_config(seed: int, sizes: dict[str, int], progress: ShowProgress) -> BeanLeavesConfig:
    """Return the configuration for `sizes` by split; its name changes with the drawing code."""
    counts = "-".join(str(sizes[split]) for split in _SPLITS)
    name = f"seed{seed}-{counts}-{drawing_digest()}"
    return BeanLeavesConfig(name=name, seed=seed, progress=progress, **sizes)


def drawing_digest() -> str:
    """Return eight hexadecimal digits that change whenever the drawing code does."""
    return code_digest(_DRAWING_SOURCES)


def code_digest(names: Iterable[str], suffix: str = "") -> str:
    """Return eight hexadecimal digits that change whenever one of these files, or `suffix`, does.

    `names` are files in this folder.
    """
    folder = Path(__file__).parent
    code = b"".join((folder / name).read_bytes() for name in names)
    return hashlib.sha256(code + suffix.encode()).hexdigest()[:8]
