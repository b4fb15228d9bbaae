"""A trained classifier of the user's own, checked: it does what the later stages ask of a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from stages.errors import ModelError, SettingsError
from stages.folder.cache import Cache
from stages.records.base import Source
from stages.samples import IMAGE_SHAPE, ImageShape, Samples
from stages.setting.addresses import recorded_model
from stages.settings import Settings
from stages.train.backbone import BATCH_SIZE, PROBED_BATCHES
from stages.train.given_files import given_model, model_sha256
from stages.train.limited import limited
from stages.train.module_calls import called, in_words, only
from stages.train.preprocessing import prepared
from stages.train.saved_classifier import SavedClassifier, load_saved

Answers: TypeAlias = NDArray[np.float32]
Kind: TypeAlias = Literal["probabilities", "logits"]
PROBABILITIES: Final = "probabilities"
LOGITS: Final = "logits"
# This many of the data's classes are named in a message.
MAX_CLASSES = 10
# Pixels of an image, a side: a batch of them has to fit into memory.
MAX_SIZE = 4096
# How far the sum of an image's probabilities may be from 1, as float32 or float16 gave them.
MAX_FROM_ONE = 2e-3


@dataclass(frozen=True, slots=True)
class GivenModel:
    """A trained classifier.

    `layer`, a tf.function with one trace, maps float32 images [N, *image_shape] in [0, 1] to
    float32 [N, classes], which may be logits.
    """

    name: str
    source: Source
    layer: Any
    image_shape: ImageShape
    classes: int

    def answers(self, samples: Samples, add_done: Callable[[int], None]) -> Answers:
        """Return what the model answers, float32 [N, classes].

        Raises ModelError if it refuses an image, takes too long, or answers what is no number.
        `add_done` is called after each batch with the number of its images.
        """
        parts = []
        for start in range(0, len(samples), BATCH_SIZE):
            parts.append(_answer(self.layer, samples.batch(start, BATCH_SIZE), self.name))
            _require_width(parts[-1], self.classes, self.name)
            add_done(len(parts[-1]))
        return np.concatenate(parts)

    def require_classes(self, names: Sequence[str]) -> None:
        """Raise ModelError if the data have another number of classes."""
        if len(names) != self.classes:
            raise ModelError(
                f"the model {self.name} knows {self.classes} classes, and the data have "
                f"{len(names)}; give a model that was trained on these, in this order: "
                f"{', '.join(names[:MAX_CLASSES])}{', ...' if len(names) > MAX_CLASSES else ''}"
            )


def load_given(settings: Settings, cache: Path) -> GivenModel:
    """Return the model that `settings` name, tried with two images and with one.

    Raises SettingsError if it is not there, can't be read or prepares images itself; ModelError if
    it can't be loaded, takes too long, or does not turn any number of images into one number for
    each class.
    """
    recorded = recorded_model(settings.model)
    name = recorded.rpartition("/")[2]
    path = given_model(settings.model, Cache(cache))
    digest = model_sha256(path, name)
    saved = limited(lambda: load_saved(path, name), f"the model {name} can't be loaded")
    shape = _image_shape(saved.takes, name)
    layer = _layer(saved, settings.preprocessing, shape, name)
    probed = [_probe(layer, count, shape, name) for count in PROBED_BATCHES]
    source = Source(name=recorded, sha256=digest, origin=recorded, whole=True)
    return GivenModel(name, source, layer, shape, probed[0].shape[1])


def kind_of(answers: Answers) -> Kind:
    """Return what answers [N, classes] are: probabilities, if each image's sum to 1, or logits."""
    from_one = np.abs(answers.sum(axis=1) - 1)
    is_sure = answers.min() >= 0 and from_one.max() <= MAX_FROM_ONE
    return PROBABILITIES if is_sure else LOGITS


def _image_shape(takes: Any, name: str) -> ImageShape:
    """Return the size of a model's images, that of VGG19's if it takes any.

    Raises ModelError if it takes something else.
    """
    shape = list(takes.shape) if takes.shape.rank is not None else []
    if takes.dtype not in (tf.float32, tf.uint8) or len(shape) != 4 or shape[3] != 3:
        hint = ", with the channels last" if shape[1:2] == [3] else ""
        raise ModelError(
            f"the model {name} takes {takes.dtype.name} {_in_brackets(shape)}; give one that takes "
            f"float32 or uint8 images [N, height, width, 3]{hint}"
        )
    if shape[0] is not None:
        raise ModelError(
            f"the model {name} takes {shape[0]} images at once, no more and no fewer; save it for "
            "any number of them"
        )
    height, width = (size or usual for size, usual in zip(shape[1:3], IMAGE_SHAPE[:2], strict=True))
    if max(height, width) > MAX_SIZE:
        raise ModelError(
            f"the model {name} takes images of {height}x{width}; give one that takes at most "
            f"{MAX_SIZE}x{MAX_SIZE}"
        )
    return height, width, 3


def _in_brackets(shape: Sequence[int | None]) -> str:
    return f"[{', '.join('any' if size is None else str(size) for size in shape)}]"


def _layer(saved: SavedClassifier, preprocessing: str, shape: ImageShape, name: str) -> Any:
    """Return a model as one tf.function, of whose traces TensorFlow warns if there are many."""
    dtype = saved.takes.dtype
    if dtype == tf.uint8 and preprocessing != "none":
        raise SettingsError(
            f"the model {name} takes uint8 images, which preprocessing {preprocessing} does not "
            "make; leave preprocessing out"
        )
    return tf.function(
        lambda images: only(saved.call(prepared(images, preprocessing, dtype))),
        input_signature=[tf.TensorSpec([None, *shape], tf.float32)],
        autograph=False,
    )


def _probe(layer: Any, count: int, shape: ImageShape, name: str) -> Answers:
    """Return what a model answers to images of noise; ModelError if that is of another form."""
    return _answer(layer, np.random.default_rng(0).random((count, *shape), np.float32), name)


def _answer(layer: Any, images: NDArray[np.float32], name: str) -> Answers:
    """Return what a model answers to a batch, of one form for all that it answers."""
    count, height, width, _ = images.shape
    given = f"{count} images of {height}x{width}"
    answer = called(
        layer,
        images,
        unanswered=f"the model {name} does not answer to {given}",
        refused=f"the model {name} does not take {given}",
        remedy="save it for any number of them",
    )
    _require_form(answer, count, name)
    answers: Answers = answer.numpy()
    _require_numbers(answers, name)
    return answers


def _require_form(answer: Any, count: int, name: str) -> None:
    remedy = "give a classifier, which returns float32 [N, classes]"
    if not isinstance(answer, tf.Tensor) or answer.dtype != tf.float32:
        raise ModelError(f"the model {name} returns {in_words(answer)}; {remedy}")
    shape = list(answer.shape)
    if len(shape) != 2 or shape[0] != count or shape[1] < 2:
        raise ModelError(f"the model {name} returns {shape} for {count} images; {remedy}")


def _require_width(answers: Answers, classes: int, name: str) -> None:
    if answers.shape[1] != classes:
        raise ModelError(
            f"the model {name} answers {answers.shape[1]} numbers for an image, and {classes} for "
            "others; give one that knows the same classes in any image"
        )


def _require_numbers(answers: Answers, name: str) -> None:
    if not np.isfinite(answers).all():
        raise ModelError(
            f"the model {name} answers what is no number (NaN or infinity); train it again, or "
            "give the preprocessing that it was trained with"
        )
