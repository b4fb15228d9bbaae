"""The bound that INT8 is made under, as compare.json has it."""

from dataclasses import dataclass
from typing import Annotated

from stages.records.accuracy import LossInterval
from stages.records.fields import Count, Fraction, Loss, RuntimeName, doc, doc_of_added
from stages.records.quantize import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyBound:
    """The bound that INT8 was made under, and what it did on validation, which chose its recipe."""

    runtime: Annotated[RuntimeName, doc("Which TensorFlow it was quantized for.")]
    tolerable_loss: Annotated[
        Fraction, doc("Largest loss of top-1 that was allowed, as a fraction of FP32's.")
    ]
    tolerable_disagreement: Annotated[
        Fraction, doc("Largest fraction of images with another class than FP32's; 1: any.")
    ]
    images: Annotated[Count, doc("Images of the validation split.")]
    loss: Annotated[
        Loss | None, doc("Loss of top-1 there, relative to FP32's; null if it is not known.")
    ]
    agreement_fp32: Annotated[
        Fraction | None,
        doc("Fraction of these images to which FP32 gives the same class; null if not known."),
    ]
    recipe: Annotated[Recipe, doc("How INT8 was made.")]
    loss_interval: Annotated[
        LossInterval | None,
        doc_of_added("loss with its 95% interval, by the images that one of both got right alone."),
    ] = None
