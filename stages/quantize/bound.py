"""The accuracy bound."""

from dataclasses import dataclass

from stages.errors import AccuracyBoundError

# Less than one image of any split: 1 - 0.99 is a little more than 0.01 in floating point.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Bound:
    """How much top-1 a quantized model may lose.

    `fp32_top1` is FP32's, a fraction; `tolerable_loss` is a fraction of that.
    """

    fp32_top1: float
    tolerable_loss: float

    def require_reference(self) -> None:
        """Raise AccuracyBoundError if FP32 is never right: then there is nothing to lose."""
        if not self.fp32_top1:
            raise AccuracyBoundError(
                "FP32 classifies no validation image right, so no loss relative to it can be "
                "given; train again with more epochs, train_samples or validation_samples"
            )

    def loss(self, accuracy: float) -> float:
        """Return the relative loss; negative if the quantized model is better.

        See `require_reference`: of a model that is never right it says nothing.
        """
        return (self.fp32_top1 - accuracy) / self.fp32_top1 if self.fp32_top1 else 0.0

    def is_met_by(self, accuracy: float) -> bool:
        """Return whether the loss is within the bound."""
        return self.loss(accuracy) <= self.tolerable_loss + ROUNDING
