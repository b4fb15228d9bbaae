"""The frozen backbone: made, downloaded or given, and loaded through TensorFlow Hub."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_hub as hub
from numpy.typing import NDArray

from stages.checksums import sha256
from stages.errors import ModelError
from stages.records.base import Source
from stages.samples import IMAGE_SHAPE, Samples
from stages.settings import Settings
from stages.train.bean_leaves import ShowProgress, code_digest, drawing_digest
from stages.train.cache import cached
from stages.train.downloads import download_failure
from stages.train.embedded_backbone import make_weights
from stages.train.vgg19 import Weights, blocks, export

BATCH_SIZE = 16
SAVED_MODEL = "saved_model.pb"
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
    """Return the backbone `settings.backbone`; at first use make it, or download it, into `cache`.

    Raises DownloadError if a hub can't be reached, ModelError if the module does not turn
    [N, 224, 224, 3] images into feature vectors.
    """
    handle, origin = _resolve(settings, cache / "backbones", progress)
    layer = _hub_layer(handle, settings.backbone)
    _require_features(layer, settings.backbone)
    digest = _module_sha256(Path(hub.resolve(handle)))
    return Backbone(layer, Source(name=settings.backbone, sha256=digest, origin=origin))


def _resolve(settings: Settings, folder: Path, progress: ShowProgress) -> tuple[str, str]:
    """Return the handle for TF Hub and, for people, where the backbone came from."""
    if settings.backbone == "embedded":
        name = f"embedded-seed{settings.seed}-{_embedded_digest()}"
        make = partial(_export_embedded, settings.seed, progress)
        return cached(folder / name, make, [SAVED_MODEL]), f"made by this project: {name}"
    if settings.backbone == "imagenet":
        made = cached(folder / "imagenet", _export_imagenet, [SAVED_MODEL])
        return made, "keras.applications VGG19, ImageNet"
    return settings.backbone, settings.backbone


def _export_embedded(seed: int, progress: ShowProgress, path: Path) -> None:
    export(make_weights(seed, progress), path)


def _embedded_digest() -> str:
    """Return eight hexadecimal digits that change whenever the embedded backbone's code does."""
    return code_digest(("embedded_backbone.py", "vgg19.py"), drawing_digest())


def _export_imagenet(path: Path) -> None:
    import tf_keras

    try:
        model = tf_keras.applications.VGG19(include_top=False, weights="imagenet")
    except Exception as error:
        raise download_failure("the ImageNet weights of VGG19", "backbone", error) from error
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


def _hub_layer(handle: str, name: str) -> Any:
    try:
        return hub.KerasLayer(handle, trainable=False)
    except Exception as error:
        if "://" in handle:
            raise download_failure(f"the backbone {name}", "backbone", error) from error
        raise ModelError(
            f"the backbone {name} can't be loaded ({type(error).__name__}); "
            "give the folder of a TF2 SavedModel"
        ) from error


def _require_features(layer: Any, name: str) -> None:
    try:
        shape = tuple(layer(tf.zeros((1, *IMAGE_SHAPE))).shape)
    except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
        raise ModelError(
            f"the backbone {name} does not take float32 [N, 224, 224, 3] images; "
            "give the handle of a feature vector module for 224x224 images"
        ) from error
    if len(shape) != 2:
        raise ModelError(
            f"the backbone {name} returns {list(shape)}, no feature vector; "
            "give the handle of a feature vector module"
        )


def _module_sha256(folder: Path) -> str:
    """Return the sha256 of all files of a module, names included."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{sha256(path)}  {path.relative_to(folder)}\n".encode())
    return digest.hexdigest()
