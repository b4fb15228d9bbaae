"""A data set that tensorflow-datasets knows by name, as download prepared it in the cache."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from stages.common.data_sets import builder_of
from stages.errors import DataError, InputMissingError
from stages.folder.cache import Cache, is_intact
from stages.pictures.classes import Picture, require_in_every_split
from stages.pictures.listing import SPLITS
from stages.pictures.plan import Plan, planned
from stages.program.printable import printable
from stages.samples import ImageShape, Samples
from stages.settings import Settings
from stages.train.gathering import Findings, Gathered, Say, ShowProgress, image_or_why
from stages.train.loaded import Loaded
from stages.train.tfds_cache import unreadable


def load(
    settings: Settings, cache: Cache, shape: ImageShape, progress: ShowProgress, say: Say
) -> Loaded:
    """Return the images of a set that the settings take; say what was passed over.

    Raises InputMissingError if it is to be downloaded first, and what `builder_of` does.
    """
    builder = _builder(settings.data, cache)
    data = f"the set {settings.data}"
    splits, classes = _used(_labelled(builder), builder.info.features["label"].names, say)
    require_in_every_split(data, splits, classes)
    plan = planned(data, splits, classes, settings.samples(), settings.seed)
    reader = _Reader(builder, plan, shape, progress)
    parts = {split: reader.read(split) for split in plan.taken}
    for line in reader.findings.in_words():
        say(line)
    return Loaded(parts, classes, f"tfds {builder.info.full_name}", plan)


def _builder(name: str, cache: Cache) -> Any:
    folder = cache.data_set(builder_of(name, cache.root / "data").info.full_name)
    if not is_intact(folder):
        raise InputMissingError(f"the data set {name} is not in the cache; run download first")
    return builder_of(name, folder)


def _labelled(builder: Any) -> dict[str, list[Picture]]:
    """Return what each split has, by our names; what has no label is passed over.

    A set's only split is for training, whatever it is called.
    """
    theirs = [*builder.info.splits]
    names = {SPLITS[name]: name for name in theirs if name in SPLITS}
    if "train" not in names:
        if len(theirs) > 1:
            there = printable(", ".join(theirs))
            raise DataError(
                f"the set {builder.name} has no split train beside {there}; give another"
            )
        names = {"train": theirs[0]}
    found = {split: list(_pictures(builder, name)) for split, name in names.items()}
    return {split: pictures for split, pictures in found.items() if pictures or split == "train"}


def _pictures(builder: Any, split: str) -> Iterator[Picture]:
    try:
        labels = _raw(builder, split).map(lambda example: example["label"])
        for place, label in enumerate(tfds.as_numpy(labels)):
            if label >= 0:
                yield Picture(int(label), f"{split}/{place}")
    except tf.errors.OpError as error:
        raise unreadable(builder) from error


def _raw(builder: Any, split: str) -> Any:
    """Return the examples of a split, in their order, whose images are as they are stored."""
    decoders = tfds.decode.PartialDecoding(
        {"image": True, "label": True}, {"image": tfds.decode.SkipDecoding()}
    )
    return builder.as_dataset(split=split, decoders=decoders, shuffle_files=False)


def _used(
    splits: Mapping[str, Sequence[Picture]], names: Sequence[str], say: Say
) -> tuple[dict[str, list[Picture]], tuple[str, ...]]:
    """Return the pictures and the classes without those classes that no split has a picture of."""
    there = sorted({picture.label for pictures in splits.values() for picture in pictures})
    if len(there) < len(names):
        say(f"{len(names) - len(there)} of {len(names)} classes have no image, and are left out")
    index = {label: new for new, label in enumerate(there)}
    kept = {
        split: [Picture(index[it.label], it.name) for it in pictures]
        for split, pictures in splits.items()
    }
    return kept, tuple(printable(names[label]) for label in there)


class _Reader:
    """Reads the planned pictures of a set, which it goes through once for each split of its own."""

    def __init__(self, builder: Any, plan: Plan, shape: ImageShape, progress: ShowProgress) -> None:
        self._builder, self._plan, self._shape, self._progress = builder, plan, shape, progress
        self._done, self._total = 0, sum(plan.sizes().values())
        self.findings = Findings()

    def read(self, split: str) -> Samples:
        """Return the pictures that are planned for a split of ours."""
        pictures = self._plan.taken[split]
        gathered = Gathered([it.label for it in pictures], self._shape, self.findings)
        places = {picture.name: place for place, picture in enumerate(pictures)}
        source = pictures[0].name.rpartition("/")[0]
        for name, content in self._contents(source, places):
            gathered.put(places[name], name, image_or_why(content, self._shape))
            self._done += 1
            self._progress(self._done, self._total)
        return gathered.samples()

    def _contents(self, source: str, wanted: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
        chosen = {int(name.rpartition("/")[2]) for name in wanted}
        mask = tf.constant(np.isin(np.arange(max(chosen) + 1), [*chosen]))
        dataset = _raw(self._builder, source).take(len(mask)).enumerate()
        try:
            kept = dataset.filter(lambda place, _: mask[place])
            for place, example in tfds.as_numpy(kept):
                yield f"{source}/{place}", example["image"]
        except tf.errors.OpError as error:
            raise unreadable(self._builder) from error
