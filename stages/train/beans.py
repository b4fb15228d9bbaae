"""The data set beans, prepared from the files that download left."""

import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import resource
from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

from stages.common.data_sets import prepare
from stages.errors import DiskFullError, InputCorruptError, InputMissingError
from stages.folder.cache import Cache
from stages.program import disk_space
from stages.samples import ImageShape
from stages.settings import Settings
from stages.train.loaded import Loaded
from stages.train.tfds_cache import builder_in, classes_of, read


def load(settings: Settings, cache: Cache, shape: ImageShape) -> Loaded:
    """Return the first images of each split, as many as are asked for.

    Raises InputMissingError if a file is to be downloaded first, InputCorruptError if one is
    damaged, DiskFullError.
    """
    builder = builder_in("beans", cache.beans, partial(_prepare, cache.data_downloads))
    parts = {
        split: read(builder, f"{split}[:{limit}]" if limit else split, shape)
        for split, limit in settings.samples().items()
    }
    return Loaded(parts, classes_of(builder), f"tfds {builder.info.full_name}")


def _prepare(downloads: Path, builder: Any, scratch: Path) -> None:
    """Make the data set of the files that were downloaded, or put into their folder `manual`."""
    for url, info in builder.url_infos.items():
        name = resource.get_dl_fname(url, info.checksum)
        if not any((downloads / path).is_file() for path in (f"beans/{name}", _manual(info))):
            raise InputMissingError("the data set beans is not in the cache; run download first")
    extraction = tfds.download.DownloadConfig(extract_dir=str(scratch))
    try:
        prepare(builder, download_dir=str(downloads), download_config=extraction)
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
