"""train.json."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from stages.records.accuracy import Chance
from stages.records.base import Record, Source
from stages.records.fields import (
    END,
    ClassIndex,
    Count,
    Fraction,
    Seconds,
    Size,
    doc,
    doc_of_added,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRecord(Record):
    """train.json: what was trained on what, or which model was given; how well it classifies."""

    data: Annotated[Source, doc("Where the images came from.")]
    backbone: Annotated[
        Source, doc("Where the frozen layers came from, or the whole model if one was given.")
    ]
    classes: Annotated[list[str], doc("Names of the classes; an index is a place in this list.")]
    samples: Annotated[
        dict[str, Count],
        doc("Number of images by split: train, calibration, validation, test."),
    ]
    accuracy_top1: Annotated[
        dict[str, Fraction],
        doc(
            "Fraction of the images classified right, from 0 to 1, by split; calibration has none."
        ),
    ]
    conv_layers: Annotated[Count, doc("Convolutions in the model; VGG19 has 16.")]
    head: Annotated[
        dict[str, Annotated[float, Meta(ge=0)]],
        doc(
            "How the new head was trained, by name: epochs; learning_rate; l2, the penalty on "
            "squared weights; floor, added to each feature's spread, as a multiple of the mean "
            "spread. Empty if a model was given."
        ),
    ]
    seconds: Annotated[
        dict[str, Seconds],
        doc(
            "How long each step took, in seconds: data, backbone, features, head, save; if a model "
            "was given: model, data, answers, save."
        ),
    ]
    labels: Annotated[
        dict[str, list[ClassIndex]], doc("True class index of each image, by split.")
    ] = field(default_factory=dict)
    predictions: Annotated[
        dict[str, list[ClassIndex]], doc("Class index that the model gives each image, by split.")
    ] = field(default_factory=dict)
    image_size: Annotated[
        list[Size],
        Meta(min_length=2, max_length=2),
        doc_of_added("Height and width of the images that the model takes, in pixels."),
    ] = field(default_factory=lambda: [224, 224])
    outputs: Annotated[
        Literal["", "probabilities", "logits"],
        doc_of_added(
            "What a model that was given returns itself; probabilities are made of logits. Empty "
            "if it was trained here."
        ),
    ] = ""
    chance: Annotated[
        dict[str, Chance],
        doc_of_added("Whether accuracy_top1 is better than the largest class alone, by split."),
    ] = field(default_factory=dict)
    data_files_sha256: Annotated[
        str,
        Meta(pattern=f"^([0-9a-f]{{64}})?{END}"),
        doc_of_added(
            "Hash of the names, splits and contents of the files that were taken, if data are a "
            "folder of pictures; else empty."
        ),
    ] = ""
