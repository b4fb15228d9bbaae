"""The embedded data set: drawn bean leaves, served through tensorflow-datasets.

Importing this module registers the set, so that `tfds.load("bean_leaves", ...)` finds it.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from numpy.typing import NDArray

from stages.samples import IMAGE_SHAPE
from stages.train.leaves import CLASS_NAMES, draw_leaf

Progress = Callable[[int, int], None]

_SPLITS = ("train", "validation", "test")
_DRAWING_SOURCES = ("canvas.py", "leaf_shape.py", "leaves.py")


@dataclass(eq=False, kw_only=True)
class BeanLeavesConfig(tfds.core.BuilderConfig):  # type: ignore[misc]
    """How many images of each split to draw, the seed, and whom to tell (images done, total)."""

    seed: int
    train: int
    validation: int
    test: int
    progress: Progress


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

        # NumPy and Pillow leave the interpreter to others while they work.
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
            for index, (label, image) in enumerate(threads.map(draw, range(sizes[position]))):
                yield index, {"image": image, "label": label}
                config.progress(sum(sizes[:position]) + index + 1, sum(sizes))


def config(seed: int, sizes: dict[str, int], progress: Progress) -> BeanLeavesConfig:
    """Returns the configuration of these sizes by split; its name changes with the drawing code."""
    shown = "-".join(str(sizes[split]) for split in _SPLITS)
    name = f"seed{seed}-{shown}-{drawing_digest()}"
    return BeanLeavesConfig(name=name, seed=seed, progress=progress, **sizes)


def drawing_digest() -> str:
    """Returns eight hexadecimal digits that change whenever the drawing code does."""
    folder = Path(__file__).parent
    code = b"".join((folder / name).read_bytes() for name in _DRAWING_SOURCES)
    return hashlib.sha256(code).hexdigest()[:8]
