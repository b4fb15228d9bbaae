"""What accuracies are held against, as several records have it."""

from dataclasses import dataclass
from typing import Annotated

from stages.records.fields import (
    Count,
    Fraction,
    IsaName,
    Loss,
    PrecisionName,
    RuntimeName,
    Size,
    doc,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """Whether a model is right more often than one that always answers the largest class."""

    images: Annotated[Size, doc("Images that were classified.")]
    right: Annotated[Count, doc("Images that the model classified right.")]
    largest_class: Annotated[Size, doc("Images of the class that has the most of them.")]
    p_value: Annotated[
        Fraction,
        doc(
            "Probability, from 0 to 1, that at least as many are right by chance, if each is with "
            "the probability that the largest class has (exact binomial test, one-sided). Above "
            "0.05 the model is at chance."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRecall:
    """How many images of a class FP32 and INT8 classify right."""

    name: Annotated[str, doc("Name of the class; its index if the record has no names.")]
    images: Annotated[Size, doc("Images of the class in the test split.")]
    right: Annotated[
        dict[PrecisionName, Count],
        doc("How many of them are classified right, by precision: FP32, and each that has INT8."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalls:
    """What FP32 and INT8 get right of each class of the test split, at one cap."""

    runtime: Annotated[RuntimeName, doc("Which TensorFlow ran the models.")]
    isa: Annotated[IsaName, doc("Highest ONEDNN_MAX_CPU_ISA at which both were measured.")]
    classes: Annotated[list[ClassRecall], doc("Each class that the test split has images of.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyDifference:
    """Which images a cell and FP32 at the same isa classified right, and the other wrong."""

    images: Annotated[Size, doc("Images of the test split.")]
    better: Annotated[Count, doc("Images that the cell alone classified right.")]
    worse: Annotated[Count, doc("Images that FP32 alone classified right.")]
    p_value: Annotated[
        Fraction,
        doc(
            "Probability, from 0 to 1, that chance divides these images at least as unevenly, by "
            "McNemar's exact test; 1 if there are none."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LossInterval:
    """Between what a loss of top-1 relative to FP32's may be."""

    low: Annotated[float, doc("Lower end; negative if it may be better than FP32.")]
    high: Annotated[Loss, doc("Upper end, at most 1.")]
