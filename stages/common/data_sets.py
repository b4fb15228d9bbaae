"""The data sets of tensorflow-datasets by their names: which there are, and which can be used."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np

from stages.errors import DataError, SettingsError
from stages.pictures.classes import require_classes
from stages.program.printable import printable
from stages.setting.suggestion import quoted

FORM = "a set for the classification of images"
MAX_SHOWN = 160
# Before what it has to say, with all arguments.
_PREFIX = re.compile(r"^Failed to construct dataset .*?}\": ", re.DOTALL)


def builder_of(name: str, folder: Path) -> Any:
    """Return tensorflow-datasets' builder of a set, whose data are, or will be, in `folder`.

    Raises SettingsError if it knows no such set, configuration or version, DataError if the set is
    none of images of one class each, or of too many classes.
    """
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=str(folder))
        features = builder.info.features
    except tfds.core.registered.DatasetNotFoundError:
        names = tfds.list_builders(with_community_datasets=False)
        raise SettingsError(
            f"data can't be {quoted(name, names)}: tensorflow-datasets has no set of that name; "
            "give one that it has, or a folder by a path that begins with ./ or /"
        ) from None
    except ImportError as error:
        raise DataError(
            f"the set {name} needs a package that is not there ({error.name}); give another set"
        ) from None
    except (AssertionError, ValueError, TypeError, RuntimeError, KeyError) as error:
        raise SettingsError(
            f"data can't be {quoted(name)} ({in_a_line(error)}); give NAME, NAME:VERSION or "
            "NAME/CONFIG:VERSION as tensorflow-datasets has them"
        ) from None
    _require_classification(f"the set {name}", features)
    return builder


def prepare(builder: Any, **where: Any) -> None:
    """Have tensorflow-datasets make a set, as `download_and_prepare` does, without its lines.

    They would say that it downloads, and name a folder that is of a hand-over.
    """
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    with contextlib.redirect_stdout(io.StringIO()):
        builder.download_and_prepare(**where)


def in_a_line(said: object) -> str:
    """Return what tensorflow-datasets says in one line, as far as it is short."""
    words = _PREFIX.sub("", str(said)).split()
    return printable(" ".join(words).rstrip(".:") or type(said).__name__, MAX_SHOWN)


def _require_classification(data: str, features: Any) -> None:
    import tensorflow_datasets as tfds

    there = {*features} if isinstance(features, dict | tfds.features.FeaturesDict) else set()
    if not {"image", "label"} <= there:
        has = f"it has {', '.join(sorted(there))}" if there else "it has no named features"
        raise DataError(f"{data} has no image with one label each ({has}); give {FORM}")
    image, label = features["image"], features["label"]
    if not isinstance(image, tfds.features.Image) or not isinstance(
        label, tfds.features.ClassLabel
    ):
        raise DataError(f"{data} has images or labels of another kind; give {FORM}")
    if (dtype := np.dtype(image.np_dtype)) != np.uint8:
        raise DataError(f"{data} has images of {dtype}, not uint8; give {FORM}")
    require_classes(data, label.names or [], FORM)
