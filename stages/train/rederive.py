"""Every figure of train.json once more, from its raw samples."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stages.common.chance import chance_of
from stages.common.stats import accuracy_top1
from stages.records.accuracy import Chance
from stages.records.train import TrainRecord


def rederived(record: TrainRecord) -> TrainRecord:
    """Return the record as its labels and predictions give it."""
    sizes = {split: len(labels) for split, labels in record.labels.items()}
    return replace(
        record,
        samples={**record.samples, **sizes},
        accuracy_top1=accuracies_top1(record.predictions, record.labels),
        chance=chances(record.predictions, record.labels),
    )


def accuracies_top1(
    predictions: Mapping[str, Sequence[int]], labels: Mapping[str, Sequence[int]]
) -> dict[str, float]:
    """Return the top-1 accuracy, from 0 to 1, of each split's predictions."""
    return {split: accuracy_top1(classes, labels[split]) for split, classes in predictions.items()}


def chances(
    predictions: Mapping[str, Sequence[int]], labels: Mapping[str, Sequence[int]]
) -> dict[str, Chance]:
    """Return how each split's predictions compare with always answering its largest class."""
    found = ((split, chance_of(classes, labels[split])) for split, classes in predictions.items())
    return {split: chance for split, chance in found if chance}
