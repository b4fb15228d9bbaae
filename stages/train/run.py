"""The steps of the stage, from images to the folder that the quantize stage reads."""

import hashlib
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages import artifacts
from stages.common.progress import Progress
from stages.common.provenance import maker
from stages.errors import InputCorruptError, ModelError, from_os_error
from stages.folder.cache import cached
from stages.records.base import Source
from stages.records.train import TrainRecord
from stages.setting.addresses import recorded_handle
from stages.setting.values import OWN_BACKBONES, recorded_data
from stages.settings import Settings
from stages.stage_folders import TrainFolder
from stages.train import head, model
from stages.train.backbone import Backbone, load_backbone
from stages.train.data import load_splits
from stages.train.rederive import accuracies_top1, chances
from stages.train.splits import Splits
from stages.train.steps import StepTimer, save_splits
from stages.train.vgg19 import CONV_LAYERS

STEPS = ("data", "backbone", "features", "head", "save")


def train(settings: Settings, folder: Path, cache: Path, progress: Progress) -> TrainRecord:
    """Train a head as `settings` say; write model, data and train.json to `folder`.

    What `cache` has is used again. Raises what load_splits and load_backbone raise, and ModelError
    if a backbone called VGG19 is not one.
    """
    timer = StepTimer(progress)
    with timer.step("data", f"{recorded_data(settings.data)} data"):
        splits = load_splits(settings, cache, progress.update, say=progress.note)
    with timer.step("backbone", f"{recorded_handle(settings.backbone)} backbone"):
        backbone = load_backbone(settings, cache, progress.update)
    features = _features(backbone, splits, cache, timer)
    with timer.step("head", f"head on {len(splits.train)} training images"):
        fitted = _fit(features["train"], splits, settings, progress)
    with timer.step("save", "model and data"):
        conv_layers = _save(folder, backbone, fitted, splits, settings)
    predictions = {name: fitted.predict(inputs).tolist() for name, inputs in features.items()}
    record = _record(settings, splits, backbone.source, predictions, conv_layers, timer.seconds)
    artifacts.write_record(TrainFolder(folder).record, record)
    return record


def _features(
    backbone: Backbone, splits: Splits, cache: Path, timer: StepTimer
) -> dict[str, NDArray[np.float32]]:
    """Return the features of train, validation and test, computed once per backbone and data."""
    parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    total = sum(len(part) for part in parts.values())
    key = hashlib.sha256((backbone.source.sha256 + splits.source.sha256).encode()).hexdigest()[:16]

    def compute(folder: Path) -> None:
        add_done = timer.counter(total)
        for name, part in parts.items():
            np.save(folder / f"{name}.npy", backbone.features(part, add_done))

    with timer.step("features", f"features of {total} images"):
        folder = Path(cached(cache / "features" / key, compute, [f"{name}.npy" for name in parts]))
    return {name: load_features(folder / f"{name}.npy", len(part)) for name, part in parts.items()}


def load_features(path: Path, images: int) -> NDArray[np.float32]:
    """Return the features float32 [images, F] in a file of the cache.

    Raises InputCorruptError if it has others, though its checksum fits.
    """
    try:
        with path.open("rb") as file:  # numpy leaves one that it opened itself open, if it is odd
            features = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if refused := from_os_error(error):
            raise refused from error
        features = None
    if getattr(features, "dtype", None) != np.float32 or features.shape[:1] != (images,):
        raise InputCorruptError(
            f"{path} has not the features of {images} images; "
            f"remove {path.parent} and run train again"
        )
    return np.asarray(features)


def _fit(
    features: NDArray[np.float32], splits: Splits, settings: Settings, progress: Progress
) -> head.Head:
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
    """Write model and data; return the number of convolutions counted in the model's graph."""
    frozen = model.freeze(model.with_head(backbone.layer, fitted))
    conv_layers = model.count_convolutions(frozen)
    _require_vgg19(settings.backbone, conv_layers)
    paths = TrainFolder(folder)
    model.save(frozen, paths.model)
    save_splits(splits, paths)
    return conv_layers


def _require_vgg19(name: str, conv_layers: int) -> None:
    """Raise ModelError if a backbone of this project's own has another number of convolutions."""
    if name in OWN_BACKBONES and conv_layers != CONV_LAYERS:
        raise ModelError(
            f"the backbone {name} has {conv_layers} convolutions, VGG19 has "
            f"{CONV_LAYERS}; please report this"
        )


def _record(
    settings: Settings,
    splits: Splits,
    backbone: Source,
    predictions: dict[str, list[int]],
    conv_layers: int,
    seconds: dict[str, float],
) -> TrainRecord:
    labels = {name: getattr(splits, name).labels.tolist() for name in predictions}
    return TrainRecord(
        maker=maker(settings, "train"),
        data=splits.source,
        backbone=backbone,
        classes=list(splits.classes),
        samples=splits.sizes(),
        accuracy_top1=accuracies_top1(predictions, labels),
        conv_layers=conv_layers,
        head=_head_options(settings),
        seconds=seconds,
        labels=labels,
        predictions=predictions,
        chance=chances(predictions, labels),
        data_files_sha256=splits.files_sha256,
    )


def _head_options(settings: Settings) -> dict[str, float]:
    return {
        "epochs": settings.epochs,
        "learning_rate": settings.learning_rate,
        "l2": head.L2,
        "floor": head.FLOOR,
    }
