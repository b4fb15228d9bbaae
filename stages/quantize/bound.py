"""The accuracy bound."""

from dataclasses import dataclass
from math import inf

from stages.common.stats import within
from stages.errors import AccuracyBoundError

LOSS, DISAGREEMENT = "loss", "disagreement"
# A tolerable disagreement that bounds nothing.
ANY = 1.0


@dataclass(frozen=True, slots=True)
class Bound:
    """How much top-1 a quantized model may lose, and how often it may give another class than FP32.

    `fp32_top1` is FP32's, a fraction; `tolerable_loss` is a fraction of that,
    `tolerable_disagreement` one of all images.
    """

    fp32_top1: float
    tolerable_loss: float
    tolerable_disagreement: float = ANY

    @property
    def bounds_disagreement(self) -> bool:
        """Whether other classes than FP32's can be too many."""
        return self.tolerable_disagreement < ANY

    def require_reference(self) -> None:
        """Raise AccuracyBoundError if FP32 is never right: then there is nothing to lose."""
        if not self.fp32_top1:
            raise AccuracyBoundError(
                "FP32 classifies no validation image right, so no loss relative to it can be "
                "given; train again with more epochs, train_samples or validation_samples"
            )

    def loss(self, accuracy: float) -> float | None:
        """Return the relative loss; negative if the quantized model is better.

        None, as it is undefined, if FP32 is never right.
        """
        return (self.fp32_top1 - accuracy) / self.fp32_top1 if self.fp32_top1 else None

    def is_met_by(self, accuracy: float, agreement: float) -> bool:
        """Return whether a model is within the bound; see `missed_by`."""
        return not self.missed_by(accuracy, agreement)

    def missed_by(self, accuracy: float, agreement: float) -> list[str]:
        """Return what is too large of LOSS and DISAGREEMENT; a loss that is undefined is.

        `accuracy` is the model's top-1, `agreement` the fraction of images with FP32's class.
        """
        excesses = self._excesses(accuracy, agreement)
        return [name for name, excess in excesses.items() if not within(excess, 0)]

    def excess(self, accuracy: float, agreement: float) -> float:
        """Return by how much a model is beyond what is bounded, the largest; negative if within."""
        return max(self._excesses(accuracy, agreement).values())

    def _excesses(self, accuracy: float, agreement: float) -> dict[str, float]:
        loss = self.loss(accuracy)
        excesses = {LOSS: inf if loss is None else loss - self.tolerable_loss}
        if self.bounds_disagreement:
            excesses[DISAGREEMENT] = 1 - agreement - self.tolerable_disagreement
        return excesses
