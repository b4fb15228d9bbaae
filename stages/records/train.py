"""train.json."""

from dataclasses import dataclass, field

from stages.records.base import Record, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRecord(Record):
    """train.json: what was trained on what; accuracies are fractions, by split.

    They follow from `labels` and `predictions`, which are class indices, by split too.
    """

    data: Source
    backbone: Source
    classes: list[str]
    samples: dict[str, int]
    accuracy_top1: dict[str, float]
    conv_layers: int
    head: dict[str, float]
    seconds: dict[str, float]
    labels: dict[str, list[int]] = field(default_factory=dict)
    predictions: dict[str, list[int]] = field(default_factory=dict)
