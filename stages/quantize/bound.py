"""The accuracy bound."""

from dataclasses import dataclass

# Less than one image of any split: 1 - 0.99 is a little more than 0.01 in floating point.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Bound:
    """`reference` is FP32's top-1, `tolerable_loss` is relative to it."""

    reference: float
    tolerable_loss: float

    def loss(self, accuracy: float) -> float:
        """Return the relative loss; negative where the quantized model is better."""
        return (self.reference - accuracy) / self.reference if self.reference else 0.0

    def met(self, accuracy: float) -> bool:
        """Tell whether the loss is within the bound."""
        return self.loss(accuracy) <= self.tolerable_loss + ROUNDING
