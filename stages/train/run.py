"""The steps of the stage, from images to the folder that the quantize stage reads."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages import artifacts
from stages.common.progress import Progress
from stages.common.stats import accuracy_top1
from stages.errors import ModelError
from stages.records.train import TrainRecord
from stages.settings import Settings, maker
from stages.train import head, model
from stages.train.backbone import Backbone, load_backbone
from stages.train.cache import cached
from stages.train.data import load_splits
from stages.train.splits import Splits
from stages.train.vgg19 import CONV_LAYERS

STEPS = ("data", "backbone", "features", "head", "save")


@dataclass
class _Clock:
    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        self.progress.step(name, title)
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 2)

    def count(self, total: int) -> Callable[[int], None]:
        """Returns a function that takes how many more parts of the step are done."""
        done = 0

        def add(more: int) -> None:
            nonlocal done
            done += more
            self.progress.update(done, total)

        return add


def train(settings: Settings, folder: Path, cache: Path, progress: Progress) -> TrainRecord:
    """Trains a head as `settings` say and writes model, data and train.json to `folder`.

    Reuses what it finds in `cache`. Raises what load_splits and load_backbone raise, and
    ModelError where a backbone called VGG19 is not one.
    """
    clock = _Clock(progress)
    with clock.step("data", f"{settings.data} data"):
        splits = load_splits(settings, cache, progress.update)
    with clock.step("backbone", f"{settings.backbone} backbone"):
        backbone = load_backbone(settings, cache, progress.update)
    features = _features(backbone, splits, cache, clock)
    with clock.step("head", f"head on {len(splits.train)} training images"):
        fitted = _fit(features["train"], splits, settings, progress)
    with clock.step("save", "model and data"):
        conv_layers = _save(folder, backbone, fitted, splits, settings)
    labels = {name: getattr(splits, name).labels.tolist() for name in features}
    predictions = {name: fitted.predict(each).tolist() for name, each in features.items()}
    record = TrainRecord(
        maker=maker(settings, "train"),
        data=splits.source,
        backbone=backbone.source,
        classes=list(splits.classes),
        samples=splits.sizes(),
        accuracy_top1={
            name: accuracy_top1(each, labels[name]) for name, each in predictions.items()
        },
        conv_layers=conv_layers,
        head={
            "epochs": settings.epochs,
            "learning_rate": settings.learning_rate,
            "l2": head.L2,
            "floor": head.FLOOR,
        },
        seconds=clock.seconds,
        labels=labels,
        predictions=predictions,
    )
    artifacts.write_record(artifacts.TrainFolder(folder).record, record)
    return record


def _features(
    backbone: Backbone, splits: Splits, cache: Path, clock: _Clock
) -> dict[str, NDArray[np.float32]]:
    """Returns the features of train, validation and test, computed once per backbone and data."""
    parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    total = sum(len(part) for part in parts.values())
    key = hashlib.sha256((backbone.source.sha256 + splits.source.sha256).encode()).hexdigest()[:16]

    def compute(folder: Path) -> None:
        count = clock.count(total)
        for name, part in parts.items():
            np.save(folder / f"{name}.npy", backbone.features(part, count))

    with clock.step("features", f"features of {total} images"):
        folder = Path(cached(cache / "features" / key, compute))
    return {name: np.load(folder / f"{name}.npy") for name in parts}


def _fit(features: Any, splits: Splits, settings: Settings, progress: Progress) -> head.Head:
    return head.fit(
        features,
        splits.train.labels,
        len(splits.classes),
        settings.epochs,
        settings.learning_rate,
        progress.update,
    )


def _save(
    folder: Path, backbone: Backbone, fitted: head.Head, splits: Splits, settings: Settings
) -> int:
    """Writes model and data; returns the number of convolutions counted in the model's graph."""
    frozen = model.freeze(backbone.layer, fitted)
    conv_layers = model.count_ops(frozen)["Conv2D"]
    if settings.backbone in ("embedded", "imagenet") and conv_layers != CONV_LAYERS:
        raise ModelError(
            f"the backbone {settings.backbone} has {conv_layers} convolutions, VGG19 has "
            f"{CONV_LAYERS}; please report this"
        )
    paths = artifacts.TrainFolder(folder)
    model.save(frozen, paths.model)
    splits.calibration.save(paths.calibration)
    splits.validation.save(paths.validation)
    splits.test.save(paths.test)
    return conv_layers
