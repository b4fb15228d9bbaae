"""Every figure of train.json once more, from its raw samples."""

from dataclasses import replace

from stages.common.stats import accuracy_top1
from stages.records.train import TrainRecord


def rederived(record: TrainRecord) -> TrainRecord:
    """Return the record as its labels and predictions give it."""
    images = {name: len(each) for name, each in record.labels.items()}
    accuracies = {
        name: accuracy_top1(each, record.labels[name]) for name, each in record.predictions.items()
    }
    return replace(record, samples={**record.samples, **images}, accuracy_top1=accuracies)
