"""The steps of the stage for a model that is given, of which nothing is trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from stages import artifacts
from stages.common.progress import Progress
from stages.common.provenance import maker
from stages.errors import ModelError
from stages.records.train import TrainRecord
from stages.setting.values import recorded_data
from stages.settings import Settings
from stages.stage_folders import TrainFolder
from stages.train import model
from stages.train.data import load_splits
from stages.train.given_model import PROBABILITIES, Answers, GivenModel, Kind, kind_of, load_given
from stages.train.module_calls import reason_of
from stages.train.rederive import accuracies_top1, chances
from stages.train.splits import Splits
from stages.train.steps import StepTimer, save_splits

STEPS = ("model", "data", "answers", "save")
# Calibration, too, though quantize alone needs it: that one could wait for an answer for ever.
ANSWERED = ("calibration", "validation", "test")
RECORDED = ANSWERED[1:]


def take(settings: Settings, folder: Path, cache: Path, progress: Progress) -> TrainRecord:
    """Write the given model as `settings` say, with data and train.json, to `folder`.

    Raises what load_splits and load_given raise, and ModelError if the model knows other classes
    than the data, or its graph can't be taken out of it.
    """
    timer = StepTimer(progress)
    with timer.step("model", "the given model"):
        given = load_given(settings, cache)
    with timer.step("data", f"{recorded_data(settings.data)} data"):
        splits = load_splits(settings, cache, progress.update, given.image_shape, progress.note)
    given.require_classes(splits.classes)
    answers = _answers(given, splits, timer)
    kind = kind_of(answers["validation"])
    with timer.step("save", "model and data"):
        graph = _frozen(given, kind)
        paths = TrainFolder(folder)
        model.save(graph, paths.model, given.image_shape)
        save_splits(splits, paths)
    record = _record(settings, given, splits, answers, kind, graph, timer.seconds)
    artifacts.write_record(TrainFolder(folder).record, record)
    return record


def _answers(given: GivenModel, splits: Splits, timer: StepTimer) -> dict[str, Answers]:
    parts = {name: getattr(splits, name) for name in ANSWERED}
    total = sum(map(len, parts.values()))
    with timer.step("answers", f"answers to {total} images"):
        add_done = timer.counter(total)
        return {name: given.answers(part, add_done) for name, part in parts.items()}


def _frozen(given: GivenModel, kind: Kind) -> Any:
    """Return the model's graph from images to probabilities; ModelError if it has none."""

    def classify(images: Any) -> Any:
        answer = given.layer(images)
        return answer if kind == PROBABILITIES else tf.nn.softmax(answer)

    try:
        graph = model.freeze(classify, given.image_shape)
    except Exception as error:  # whose type depends on the model
        raise ModelError(
            f"the model {given.name} can't be made one graph of constants ({reason_of(error)}); "
            "export it without tables, state and Python code"
        ) from error
    # An op may make a number of NaN, as ReLU does, and one in another data type something else.
    if not model.has_numbers(graph):
        raise ModelError(f"the model {given.name} has weights that are NaN; train it again")
    return graph


def _record(
    settings: Settings,
    given: GivenModel,
    splits: Splits,
    answers: Mapping[str, Answers],
    kind: Kind,
    graph: Any,
    seconds: dict[str, float],
) -> TrainRecord:
    predictions = {name: answers[name].argmax(axis=1).tolist() for name in RECORDED}
    labels = {name: getattr(splits, name).labels.tolist() for name in RECORDED}
    return TrainRecord(
        maker=maker(settings, "train"),
        data=splits.source,
        backbone=given.source,
        classes=list(splits.classes),
        samples=splits.sizes(),
        accuracy_top1=accuracies_top1(predictions, labels),
        conv_layers=model.count_convolutions(graph),
        head={},
        seconds=seconds,
        labels=labels,
        predictions=predictions,
        chance=chances(predictions, labels),
        data_files_sha256=splits.files_sha256,
        image_size=list(given.image_shape[:2]),
        outputs=kind,
    )
