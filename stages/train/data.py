"""The images to train, tune and test on, from any kind of data, cut into four sets."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stages.errors import DataError
from stages.folder.cache import Cache
from stages.program.printable import printable
from stages.records.base import Source
from stages.samples import IMAGE_SHAPE, ImageShape, Samples
from stages.setting.values import is_data_path, recorded_data
from stages.settings import Settings
from stages.train import beans, embedded_data, named_set, own_pictures
from stages.train.gathering import Say, ShowProgress
from stages.train.loaded import Loaded
from stages.train.splits import Splits, content_sha256, set_aside, without_repeats


def load_splits(
    settings: Settings,
    cache: Path,
    progress: ShowProgress,
    shape: ImageShape = IMAGE_SHAPE,
    say: Say = print,
) -> Splits:
    """Return the images of `settings.data`; at first use draw or prepare them in `cache`.

    Images are uint8 [N, *shape]; no image is in two of the sets. `say` gets a line for what was
    left out. Raises InputMissingError if they are to be downloaded first, InputCorruptError for a
    damaged cache, SettingsError for too few images, DataError for data of another form, or of which
    a split has nothing left.
    """
    loaded = _loaded(settings, Cache(cache), progress, say, shape)
    read = {split: len(part) for split, part in loaded.parts.items()}
    for line in loaded.plan.in_words(len(loaded.classes), read) if loaded.plan else ():
        say(line)
    sets = _disjoint(loaded.parts, settings.calibration_samples, loaded.classes, say)
    source = Source(
        name=recorded_data(settings.data), sha256=content_sha256(sets), origin=loaded.origin
    )
    return Splits(*sets, loaded.classes, source, loaded.files_sha256)


def _loaded(
    settings: Settings, cache: Cache, progress: ShowProgress, say: Say, shape: ImageShape
) -> Loaded:
    if settings.data == "embedded":
        return embedded_data.load(settings, cache, shape, progress)
    if settings.data == "beans":
        return beans.load(settings, cache, shape)
    if is_data_path(settings.data):
        return own_pictures.load(settings, shape, progress, say)
    return named_set.load(settings, cache, shape, progress, say)


def _disjoint(
    parts: Mapping[str, Samples], calibration_samples: int, classes: tuple[str, ...], say: Say
) -> tuple[Samples, Samples, Samples, Samples]:
    """Return the sets train, calibration, validation and test, with no image in two of them."""
    test = parts["test"]
    validation = without_repeats(parts["validation"], [test])
    train = without_repeats(parts["train"], [test, validation])
    _say_repeats("validation", len(parts["validation"]) - len(validation), "test", say)
    _say_repeats("train", len(parts["train"]) - len(train), "validation or test", say)
    for name, part in (("validation", validation), ("test", test)):
        _require_images(name, part, len(parts[name]))
    _require_classes(train, classes)
    train, calibration = set_aside(train, calibration_samples)
    return train, calibration, validation, test


def _say_repeats(split: str, count: int, others: str, say: Say) -> None:
    if count:
        images = "1 image" if count == 1 else f"{count} images"
        say(f"{images} of {split} left out, as the same is in {others}")


def _require_images(name: str, samples: Samples, count: int) -> None:
    """Raise DataError if all `count` images of a split were left out, or none could be read."""
    if not len(samples):
        why = f"as each of {count} is also in test" if count else "as none can be read"
        raise DataError(
            f"no {name} image is left, {why}; add others to the data, or raise {name}_samples"
        )


def _require_classes(train: Samples, classes: tuple[str, ...]) -> None:
    """Raise DataError if what was left out was all that there was of a class."""
    counts = np.bincount(train.labels, minlength=len(classes))
    for name, count in zip(classes, counts, strict=True):
        if not count:
            raise DataError(
                f"no training image of the class {printable(name, 60)} is left; add some to the "
                "data, or raise train_samples"
            )
