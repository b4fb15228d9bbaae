"""Tiny networks of Keras, saved as users save theirs, and images for them."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.samples import Samples

tf = pytest.importorskip("tensorflow")
tf_export = pytest.importorskip("tensorflow.python.util.tf_export")
# By which Keras finds the layers of a file; that of Keras itself, once it is imported.
NAMES = {**(tf.keras.Model and tf_export._NAME_TO_SYMBOL_MAPPING)}
SIZE = 8


@pytest.fixture
def names_of_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what an import of tf_keras, in another test, does to all names of Keras here."""
    monkeypatch.setattr(tf_export, "_NAME_TO_SYMBOL_MAPPING", NAMES)


def network(outputs: int = 3, activation: str | None = None, **given: Any) -> Any:
    """Return a Keras network of one convolution, with layers that only training needs."""
    layers = tf.keras.layers
    shape = given.pop("shape", (SIZE, SIZE, 3))
    source = tf.keras.Input(shape, **given)
    scaled = layers.Rescaling(1 / 255)(tf.cast(source, tf.float32) if given else source)
    flat = layers.Flatten()(layers.BatchNormalization()(layers.Conv2D(4, 3)(scaled)))
    answer = layers.Dense(outputs, activation=activation)(layers.Dropout(0.5)(flat))
    return tf.keras.Model(source, answer)


def saved(model: Any, path: Path) -> str:
    """Save a model in the form that the path's ending says; return the path."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You are saving your model as an HDF5 file")
        model.save(path)
    return str(path)


def images(count: int = 20) -> Samples:
    """Return images of noise, all of the first class."""
    pixels = np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)
    return Samples(pixels, np.zeros(count, np.int64))
