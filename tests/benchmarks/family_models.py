"""Classifiers of Keras' architectures, trained from random weights on the drawn leaves.

`python -m tests.benchmarks.family_models FAMILY FILE --cache FOLDER [--epochs N]`, with the Python
of train: writes FILE, a .keras that takes pixels as they are, 0 to 255, and prints its top-1.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np

from stages.samples import ImageShape, Samples
from stages.settings import Settings
from tests.benchmarks.family_names import FAMILIES

BATCH_SIZE = 16
LEARNING_RATE = 1e-3
# Keras' 0.99 takes hundreds of steps to forget what its averages began with.
MOMENTUM = 0.8


def main() -> None:
    """Make a classifier, train it, and write it."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.family_models")
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("file", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=6)
    asked = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    shape = (FAMILIES[asked.family].size, FAMILIES[asked.family].size, 3)
    train, test, classes = _leaves(asked.cache, shape)
    model = _model(asked.family, shape, classes)
    model.fit(*_as_keras(train), BATCH_SIZE, asked.epochs, verbose=2)
    _, top1 = model.evaluate(*_as_keras(test), BATCH_SIZE, verbose=0)
    _write(model, asked.file)
    print(f"{asked.family}: top-1 {top1:.1%} on test after {asked.epochs} epochs", flush=True)


def _leaves(cache: Path, shape: ImageShape) -> tuple[Samples, Samples, int]:
    """Return the images to train and to test on, as train itself has them, and how many classes."""
    from stages.train.data import load_splits

    splits = load_splits(Settings(), cache, lambda *_: None, shape)
    return splits.train, splits.test, len(splits.classes)


def _model(family: str, shape: ImageShape, classes: int) -> Any:
    """Return an untrained model whose random weights are the same every time."""
    from tensorflow import keras

    keras.utils.set_random_seed(0)
    pixels = keras.Input(shape, name="images")
    scaled = pixels
    if FAMILIES[family].is_scaled_before:
        scaled = keras.layers.Rescaling(1 / 127.5, -1)(pixels)
    make = getattr(keras.applications, family)
    model = make(weights=None, input_tensor=scaled, classes=classes)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
    return model


def _as_keras(samples: Samples) -> tuple[Any, Any]:
    return samples.images.astype(np.float32), samples.labels


def _write(model: Any, file: Path) -> None:
    """Write a model whole or not at all, without what training alone needs."""
    from tensorflow import keras

    unfinished = file.with_name(f"unfinished-{file.name}")
    keras.Model(model.inputs, model.outputs, name=model.name).save(unfinished)
    unfinished.rename(file)


if __name__ == "__main__":
    main()
