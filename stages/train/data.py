"""A data set, loaded through tensorflow-datasets and cut into the four sets of images."""

import contextlib
import io
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import resource
from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

from stages.agreement import SPLIT_SIZES
from stages.errors import DiskFullError, InputCorruptError, InputMissingError, SettingsError
from stages.files import trees
from stages.folder.cache import Cache, cached
from stages.program import disk_space
from stages.records.base import Source
from stages.samples import IMAGE_SHAPE, ImageShape, Samples
from stages.settings import Settings
from stages.train.bean_leaves import ShowProgress, make_config
from stages.train.splits import Splits, content_sha256, set_aside, without_repeats

tfds.disable_progress_bar()  # this project shows its progress itself

EMBEDDED = SPLIT_SIZES["embedded"]
# What tensorflow-datasets has beside the images, to find them and to read them.
METADATA = ("dataset_info.json", "features.json")


def load_splits(
    settings: Settings, cache: Path, progress: ShowProgress, shape: ImageShape = IMAGE_SHAPE
) -> Splits:
    """Return the images of `settings.data`; at first use draw or prepare them in `cache`.

    Images are uint8 [N, *shape]; no image is in two of the sets. Raises InputMissingError if
    they are to be downloaded first, InputCorruptError for a damaged cache, SettingsError for too
    few images.
    """
    builder, parts = (
        _load_beans(settings, Cache(cache), shape)
        if settings.data == "beans"
        else _load_embedded(settings, Cache(cache), shape, progress)
    )
    sets = _disjoint(parts, settings.calibration_samples)
    source = Source(
        name=settings.data, sha256=content_sha256(sets), origin=f"tfds {builder.info.full_name}"
    )
    return Splits(*sets, tuple(builder.info.features["label"].names), source)


def _disjoint(
    parts: dict[str, Samples], calibration_samples: int
) -> tuple[Samples, Samples, Samples, Samples]:
    """Return the sets train, calibration, validation and test, with no image in two of them."""
    test = parts["test"]
    validation = without_repeats(parts["validation"], [test])
    train = without_repeats(parts["train"], [test, validation])
    train, calibration = set_aside(train, calibration_samples)
    _require_images({"validation": validation, "test": test})
    return train, calibration, validation, test


def _limits(settings: Settings) -> dict[str, int]:
    return {split: getattr(settings, f"{split}_samples") for split in EMBEDDED}


def _load_embedded(
    settings: Settings, cache: Cache, shape: ImageShape, progress: ShowProgress
) -> tuple[Any, dict[str, Samples]]:
    sizes = {split: limit or EMBEDDED[split] for split, limit in _limits(settings).items()}
    config = make_config(settings.seed, sizes, progress)
    builder = _builder("bean_leaves", cache.bean_leaves(config.name), _draw, config)
    return builder, {split: _read(builder, split, shape) for split in sizes}


def _draw(builder: Any, scratch: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):  # which would say that it downloads
        builder.download_and_prepare(download_dir=str(scratch))


def _load_beans(
    settings: Settings, cache: Cache, shape: ImageShape
) -> tuple[Any, dict[str, Samples]]:
    builder = _builder("beans", cache.beans, partial(_prepare_beans, cache.data_downloads))
    parts = {
        split: _read(builder, f"{split}[:{limit}]" if limit else split, shape)
        for split, limit in _limits(settings).items()
    }
    return builder, parts


def _builder(
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


def _prepare_beans(downloads: Path, builder: Any, scratch: Path) -> None:
    """Make the data set of the files that were downloaded, or put into their folder `manual`."""
    for url, info in builder.url_infos.items():
        name = resource.get_dl_fname(url, info.checksum)
        if not any((downloads / path).is_file() for path in (f"beans/{name}", _manual(info))):
            raise InputMissingError("the data set beans is not in the cache; run download first")
    extraction = tfds.download.DownloadConfig(extract_dir=str(scratch))
    try:
        builder.download_and_prepare(download_dir=str(downloads), download_config=extraction)
    except (zipfile.BadZipFile, NonMatchingChecksumError, tf.errors.OpError) as error:
        if disk_space.is_said_by(error):
            raise
        raise InputCorruptError(f"a file in {downloads} is damaged; run download again") from error
    except OSError as error:
        if "Not enough disk space" in str(error):
            raise DiskFullError(
                f"{str(error).rstrip('.')}; free some and run train again"
            ) from error
        raise


def _manual(info: Any) -> str:
    return f"manual/{info.filename}"


def _read(builder: Any, split: str, shape: ImageShape) -> Samples:
    try:
        dataset = builder.as_dataset(split=split, as_supervised=True)
        pairs = list(tfds.as_numpy(dataset.map(partial(_resized, shape=shape))))
    except tf.errors.OpError as error:  # though all of it has its checksum
        raise InputCorruptError(
            f"the cached data set in {builder.data_dir} can't be read; "
            "remove that folder and run train again"
        ) from error
    images = np.stack([image for image, _ in pairs])
    return Samples(images, np.array([label for _, label in pairs], np.int64))


def _resized(image: Any, label: Any, shape: ImageShape) -> tuple[Any, Any]:
    if image.shape == shape:
        return image, label
    resized = tf.image.resize(image, shape[:2], antialias=True)
    return tf.cast(tf.clip_by_value(tf.round(resized), 0, 255), tf.uint8), label


def _require_images(parts: dict[str, Samples]) -> None:
    for name, samples in parts.items():
        if not len(samples):
            raise SettingsError(f"no {name} image is left; raise {name}_samples")
