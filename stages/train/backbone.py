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
from stages.records.base import Source
from stages.samples import IMAGE_SHAPE, Samples
from stages.setting.addresses import recorded_handle
from stages.settings import Settings
from stages.train.bean_leaves import ShowProgress, code_digest, drawing_digest
from stages.train.embedded_backbone import make_weights
from stages.train.given_files import given_folder, module_sha256, not_downloaded
from stages.train.limited import limited
from stages.train.module_calls import (
    called,
    in_words,
    only,
    reason_of,
    signature_layer,
    signature_name,
)
from stages.train.preprocessing import CAFFE_MEAN, MAX_PIXEL
from stages.train.vgg19 import Weights, blocks, export

BATCH_SIZE = 16
SAVED_MODEL = "saved_model.pb"
# Images at once; a module for a fixed number of them fails at one of these.
PROBED_BATCHES = (2, 1)
_REMEDY = "give a feature vector module for any number of 224x224 images"
CAFFE_MEAN_RGB = np.array(CAFFE_MEAN, np.float32) / np.float32(MAX_PIXEL)


@dataclass(frozen=True, slots=True)
class Backbone:
    """A frozen network.

    `layer`, such as a hub.KerasLayer, maps float32 [N, 224, 224, 3] in [0, 1] to features [N, F].
    """

    layer: Any
    source: Source
    traced: Any  # `layer` as one tf.function, of whose traces TensorFlow warns if there are many

    def features(self, samples: Samples, add_done: Callable[[int], None]) -> NDArray[np.float32]:
        """Return the features float32 [N, F] of all images; ModelError if it refuses one.

        `add_done` is called after each batch with the number of its images.
        """
        parts = []
        for start in range(0, len(samples), BATCH_SIZE):
            images = samples.batch(start, BATCH_SIZE)
            parts.append(_called(self.traced, images, self.source.name).numpy())
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
    layer = _feature_layer(_hub_layer(folder, name), name)
    source = Source(name=name, sha256=digest, origin=origin)
    return Backbone(layer, source, tf.function(layer))


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
        return limited(lambda: _layer_of(folder), "can't be loaded")
    except ModelError as error:
        raise ModelError(f"the backbone {name} {error}") from error
    except Exception as error:
        raise ModelError(
            f"the backbone {name} can't be loaded ({reason_of(error)}); "
            "give the folder of a TF2 SavedModel"
        ) from error


def _layer_of(folder: Path) -> Any:
    """Return a hub.KerasLayer of a module that can be called, else a function of its signature.

    Keras 3 exports models that have signatures alone. Raises ModelError, without the backbone's
    name, if it is not clear which is meant.
    """
    module = hub.load(str(folder))
    if callable(module):
        return hub.KerasLayer(module, trainable=False)
    if getattr(module, "_is_hub_module_v1", False):
        return hub.KerasLayer(str(folder), trainable=False)
    return signature_layer(module, signature_name(list(module.signatures)))


def _feature_layer(layer: Any, name: str) -> Any:
    """Return a module's layer, with a sole feature vector taken out of a list or a dict.

    Raises ModelError if it does not turn any number of images into float32 [N, F].
    """
    # Traced, as it will be used: a tensor that is not would be in the library's message. Not as
    # itself, as TensorFlow counts a function's traces, and warns of many.
    traced = tf.function(lambda images: layer(images), autograph=False)
    probed = {
        count: _called(traced, np.zeros((count, *IMAGE_SHAPE), np.float32), name)
        for count in PROBED_BATCHES
    }
    taken = layer if only(probed[1]) is probed[1] else (lambda images: only(layer(images)))
    for count, outputs in probed.items():
        _require_features(only(outputs), count, name)
    return taken


def _called(traced: Any, images: Any, name: str) -> Any:
    """Return what a module returns for a batch; ModelError if it refuses it, or takes too long."""
    count = len(images)
    takes = "float32 [N, 224, 224, 3] images"
    return called(
        traced,
        images,
        unanswered=f"the backbone {name} does not answer to {count} images",
        refused=f"the backbone {name} does not take {takes}, tried with {count}",
        remedy=_REMEDY,
    )


def _require_features(features: Any, images: int, name: str) -> None:
    if not isinstance(features, tf.Tensor) or features.dtype != tf.float32:
        raise ModelError(
            f"the backbone {name} returns {in_words(features)}, not one of float32; {_REMEDY}"
        )
    shape = list(features.shape)
    if len(shape) != 2 or shape[1] == 0:
        raise ModelError(f"the backbone {name} returns {shape}, no feature vector; {_REMEDY}")
    if shape[0] != images:
        raise ModelError(
            f"the backbone {name} returns {shape} for {images} images, no vector for each; "
            f"{_REMEDY}"
        )
