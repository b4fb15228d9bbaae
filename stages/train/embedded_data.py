"""The embedded data set, drawn at first use."""

from pathlib import Path
from typing import Any

from stages.agreement import SPLIT_SIZES
from stages.common.data_sets import prepare
from stages.folder.cache import Cache
from stages.samples import ImageShape
from stages.settings import Settings
from stages.train.bean_leaves import ShowProgress, make_config
from stages.train.loaded import Loaded
from stages.train.tfds_cache import builder_in, classes_of, read


def load(settings: Settings, cache: Cache, shape: ImageShape, progress: ShowProgress) -> Loaded:
    """Return the drawn images, as many as are asked for; draw them if the cache has them not."""
    usual = SPLIT_SIZES["embedded"]
    sizes = {split: asked or usual[split] for split, asked in settings.samples().items()}
    config = make_config(settings.seed, sizes, progress)
    builder = builder_in("bean_leaves", cache.bean_leaves(config.name), _draw, config)
    parts = {split: read(builder, split, shape) for split in sizes}
    return Loaded(parts, classes_of(builder), f"tfds {builder.info.full_name}")


def _draw(builder: Any, scratch: Path) -> None:
    prepare(builder, download_dir=str(scratch))
