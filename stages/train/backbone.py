"""The frozen backbone: made, downloaded before or given, and loaded through TensorFlow Hub."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub
from numpy.typing import NDArray

from stages.errors import ModelError
from stages.folder.cache import Cache, cached
from stages.program.printable import printable
from stages.records.base import Source
from stages.samples import IMAGE_SHAPE, Samples
from stages.setting.addresses import recorded_handle
from stages.settings import Settings
from stages.train.bean_leaves import ShowProgress, code_digest, drawing_digest
from stages.train.embedded_backbone import make_weights
from stages.train.given_backbone import given_folder, module_sha256, not_downloaded
from stages.train.vgg19 import Weights, blocks, export

BATCH_SIZE = 16
SAVED_MODEL = "saved_model.pb"
MAX_REASON = 200
CAFFE_MEAN_RGB = np.array((123.68, 116.779, 103.939), np.float32) / np.float32(255)


@dataclass(frozen=True, slots=True)
class Backbone:
    """A hub.KerasLayer that maps float32 [N, 224, 224, 3] in [0, 1] to features [N, F]."""

    layer: Any
    source: Source

    def features(self, samples: Samples, add_done: Callable[[int], None]) -> NDArray[np.float32]:
        """Return the features float32 [N, F] of all images.

        `add_done` is called after each batch with the number of its images.
        """
        run = tf.function(self.layer)
        parts = []
        for start in range(0, len(samples), BATCH_SIZE):
            parts.append(run(tf.constant(samples.batch(start, BATCH_SIZE))).numpy())
            add_done(len(parts[-1]))
        return np.concatenate(parts)


def load_backbone(settings: Settings, cache: Path, progress: ShowProgress) -> Backbone:
    """Return the backbone `settings.backbone`; at first use make it in `cache`.

    Raises InputMissingError if it is to be downloaded first, ModelError if the module does not
    turn [N, 224, 224, 3] images into feature vectors.
    """
    folder, origin = _resolve(settings, Cache(cache), progress)
    name = recorded_handle(settings.backbone)
    digest = module_sha256(folder, name)
    layer = _hub_layer(folder, name)
    _require_features(layer, name)
    return Backbone(layer, Source(name=name, sha256=digest, origin=origin))


def _resolve(settings: Settings, cache: Cache, progress: ShowProgress) -> tuple[Path, str]:
    """Return the module's folder and, for people, where the backbone came from."""
    if settings.backbone == "embedded":
        name = f"embedded-seed{settings.seed}-{_embedded_digest()}"
        make = partial(_export_embedded, settings.seed, progress)
        made = cached(cache.backbone(name), make, [SAVED_MODEL])
        return Path(made), f"made by this project: {name}"
    if settings.backbone == "imagenet":
        make = partial(_export_imagenet, cache.weights)
        made = cached(cache.imagenet, make, [SAVED_MODEL])
        return Path(made), "keras.applications VGG19, ImageNet"
    return given_folder(settings.backbone, cache), recorded_handle(settings.backbone)


def _export_embedded(seed: int, progress: ShowProgress, path: Path) -> None:
    export(make_weights(seed, progress), path)


def _embedded_digest() -> str:
    """Return eight hexadecimal digits that change whenever the embedded backbone's code does."""
    return code_digest(("embedded_backbone.py", "vgg19.py"), drawing_digest())


def _export_imagenet(weights: Path, path: Path) -> None:
    import tf_keras

    if not weights.is_file():
        raise not_downloaded("the backbone imagenet")
    model = tf_keras.applications.VGG19(include_top=False, weights=str(weights))
    export(from_keras(model), path, CAFFE_MEAN_RGB)


def from_keras(model: Any) -> Weights:
    """Return the convolutions of a Keras VGG19, changed to take RGB in [0, 1] less its mean.

    Keras trained them on BGR in 0..255 less its mean: the first kernel takes over the reversed
    order and the scale.
    """
    names = [name for _, convolutions in blocks() for name, _ in convolutions]
    weights = {name: tuple(model.get_layer(name).get_weights()) for name in names}
    kernel, bias = weights["block1_conv1"]
    return {**weights, "block1_conv1": (kernel[:, :, ::-1] * np.float32(255), bias)}


def _hub_layer(folder: Path, name: str) -> Any:
    try:
        return hub.KerasLayer(str(folder), trainable=False)
    except Exception as error:
        raise ModelError(
            f"the backbone {name} can't be loaded ({_reason(error)}); "
            "give the folder of a TF2 SavedModel"
        ) from error


def _require_features(layer: Any, name: str) -> None:
    try:
        features = layer(tf.zeros((1, *IMAGE_SHAPE)))
    except Exception as error:
        raise ModelError(
            f"the backbone {name} does not take float32 [N, 224, 224, 3] images "
            f"({_reason(error)}); give the handle of a feature vector module for 224x224 images"
        ) from error
    if not isinstance(features, tf.Tensor) or features.dtype != tf.float32:
        raise ModelError(
            f"the backbone {name} returns {_in_words(features)}, no float32 tensor; "
            "give the handle of a feature vector module"
        )
    if len(features.shape) != 2:
        raise ModelError(
            f"the backbone {name} returns {list(features.shape)}, no feature vector; "
            "give the handle of a feature vector module"
        )


def _in_words(value: Any) -> str:
    return f"a tensor of {value.dtype.name}" if isinstance(value, tf.Tensor) else "several tensors"


def _reason(error: Exception) -> str:
    first = (str(error).strip() or "no reason given").splitlines()[0]
    return printable(f"{type(error).__name__}: {first}", MAX_REASON)
