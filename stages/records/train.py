"""train.json."""

from dataclasses import dataclass

from stages.records.base import Record, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRecord(Record):
    """train.json: what was trained on what; accuracies are fractions, by split."""

    data: Source
    backbone: Source
    classes: list[str]
    samples: dict[str, int]
    accuracy_top1: dict[str, float]
    conv_layers: int
    head: dict[str, float]
    seconds: dict[str, float]
