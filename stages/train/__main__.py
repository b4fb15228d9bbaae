"""`python -m stages.train`: train a new head on a frozen VGG19, or take a model as it is given."""

import logging
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from stages.agreement import require_agreement
from stages.artifacts import Artifacts
from stages.command_line import for_stage
from stages.common.chance import warn_at_chance
from stages.common.current import Facts, Product, kept, stays
from stages.common.figures import fraction_of_images
from stages.common.progress import Progress
from stages.common.text import network_of
from stages.errors import GIVE_UP_S, exit_code_of
from stages.folder.access import writing
from stages.folder.cache import Cache, noted_backbone
from stages.folder.handover import handing_over
from stages.pictures.given import files_sha256, listing_of, plan_for
from stages.records.train import TrainRecord
from stages.setting.addresses import recorded_handle, recorded_model
from stages.setting.values import DOWNLOADED, OWN_BACKBONES, is_data_path
from stages.settings import Settings
from stages.train.given_files import given_folder, given_model, model_sha256, module_sha256
from stages.train.limited import leave

OF_MODEL = "the files of the model"
# The splits whose accuracies the later stages compare.
TUNED_AND_TESTED = ("validation", "test")


def main() -> None:
    """Run the stage as the command line and the environment say; print the outcome last."""
    settings = for_stage("train", sys.argv[1:], os.environ)
    require_agreement(settings, ["train"])
    with writing(settings.artifacts, "train") as artifacts:
        settings = _with_backbone(settings, Cache(artifacts.cache))
        product = _product(artifacts)
        there = kept(product, settings, _origins(settings, Cache(artifacts.cache)))
        record = there or _train(settings, artifacts, product)
    for split in TUNED_AND_TESTED:
        warn_at_chance("train", record.chance.get(split), split)
    if not there:
        print(_summary(record), flush=True)


def _product(artifacts: Artifacts) -> Product[TrainRecord]:
    return Product(
        program="train",
        folder=artifacts.train,
        kind=TrainRecord,
        origins=_recorded_origins,
    )


def _recorded_origins(record: TrainRecord) -> Facts:
    source, pictures = record.backbone, _of_pictures(record.data_files_sha256)
    if source.whole:
        return {OF_MODEL: source.sha256, **pictures}
    return {**_of_backbone(source.name, lambda: source.sha256), **pictures}


def _origins(settings: Settings, cache: Cache) -> Facts:
    """Return what the outcome depends on beside settings; another's files may be changed."""
    if settings.model:
        path = given_model(settings.model, cache)
        digest = model_sha256(path, recorded_model(settings.model))
        return {OF_MODEL: digest, **_of_pictures(_pictures_sha256(settings))}
    name, shown = settings.backbone, recorded_handle(settings.backbone)
    return {
        **_of_backbone(name, lambda: module_sha256(given_folder(name, cache), shown)),
        **_of_pictures(_pictures_sha256(settings)),
    }


def _of_backbone(name: str, digest: Callable[[], str]) -> Facts:
    return {} if name in OWN_BACKBONES else {"the files of the backbone": digest()}


def _of_pictures(digest: str) -> Facts:
    return {"the files of the pictures": digest} if digest else {}


def _pictures_sha256(settings: Settings) -> str:
    """Return the hash of the user's own pictures that are taken, empty if there are none."""
    if not is_data_path(settings.data):
        return ""
    path, listing = listing_of(settings.data)
    plan = plan_for(path, listing, settings.samples(), settings.seed)
    return files_sha256(path, plan.taken)


def _train(settings: Settings, artifacts: Artifacts, product: Product[TrainRecord]) -> TrainRecord:
    _prepare_environment(artifacts.cache)
    # Imported only now, as TensorFlow reads its environment when it is imported.
    steps = import_module("stages.train.take" if settings.model else "stages.train.run")
    make = steps.take if settings.model else steps.train
    with (
        handing_over(artifacts.train.path, stays(product), last=True) as folder,
        Progress("train", steps.STEPS) as progress,
    ):
        record: TrainRecord = make(settings, folder, artifacts.cache, progress)
        return record


def _with_backbone(settings: Settings, cache: Cache) -> Settings:
    """Return the settings with the backbone's name, handle or path, also if only download has it.

    Raises InputMissingError if download was asked for none.
    """
    if settings.backbone != DOWNLOADED or settings.model:
        return settings
    return replace(settings, backbone=noted_backbone(cache))


def _prepare_environment(cache: Path) -> None:
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    os.environ["KERAS_HOME"] = str(cache / "keras")
    os.environ["TFDS_DATA_DIR"] = str(cache / "data")
    for variable in ("TF_CPP_MIN_LOG_LEVEL", "ITEX_CPP_MIN_LOG_LEVEL"):
        os.environ.setdefault(variable, "2")
    logging.getLogger("absl").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")


def _summary(record: TrainRecord) -> str:
    top1 = {
        name: fraction_of_images(value, len(record.predictions.get(name, ())))
        for name, value in record.accuracy_top1.items()
    }
    made_from = (
        "as it was given, with nothing trained,"
        if record.backbone.whole
        else f"from {record.samples['train']} training images"
    )
    return (
        f"train: {_model_in_words(record)}, data {record.data.name}; "
        f"top-1 validation {top1['validation']}, test {top1['test']} "
        f"{made_from} in {sum(record.seconds.values()):.0f} s"
    )


def _model_in_words(record: TrainRecord) -> str:
    convolutions = f"{record.conv_layers} convolutions"
    if record.backbone.whole:
        size = "x".join(map(str, record.image_size))
        name = network_of(record.backbone)
        return f"{name} ({convolutions}, images of {size}, returns {record.outputs})"
    form = "VGG19" if record.conv_layers == 16 else f"no VGG19 ({convolutions})"
    return f"{form}, backbone {record.backbone.name}"


if __name__ == "__main__":
    leave(exit_code_of("train", main, GIVE_UP_S))
