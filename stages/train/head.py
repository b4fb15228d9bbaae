"""The new head: multinomial logistic regression on frozen features."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.errors import ModelError

# Penalty on the squared weights of standardised features.
L2 = 0.01
# This many times the mean spread is added to each feature's, as features that hardly vary would
# amplify INT8's rounding.
FLOOR = 1.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Head:
    """A dense layer: `kernel` [features, classes] and `bias` [classes], for raw features."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the class indices [N] of features [N, features]."""
        return np.asarray((features @ self.kernel + self.bias).argmax(axis=1))


def fit(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: int,
    epochs: int,
    learning_rate: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Head:
    """Return the head fitted to features [N, features] and labels [N] by full-batch Adam.

    The features are standardised first; the returned weights include that scaling, so the head
    takes raw features. `progress` is called after each epoch with the number of epochs done and
    `epochs`. The same input gives the same head. Raises ModelError if it
    diverges, or a feature is no number.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    spread = features.std(axis=0, dtype=np.float64)
    scale = 1 / (spread + FLOOR * spread.mean() + 1e-6)
    inputs = np.column_stack([(features - mean) * scale, np.ones(len(features))])
    with np.errstate(all="ignore"):  # it is the result that is looked at
        weights = _minimise(inputs, np.eye(classes)[labels], epochs, learning_rate, progress)
        kernel = weights[:-1] * scale[:, None]
        bias = weights[-1] - mean @ kernel
        head = Head(kernel.astype(np.float32), bias.astype(np.float32))
        _require_finite(head, features, learning_rate)
    return head


def _require_finite(head: Head, features: NDArray[np.float32], learning_rate: float) -> None:
    """Raise ModelError if weights, or the scores of the features [N, features], are not numbers."""
    if not np.isfinite(features).all():
        raise ModelError("the backbone gives features that are no numbers; give another backbone")
    scores = features @ head.kernel + head.bias
    if not all(np.isfinite(part).all() for part in (head.kernel, head.bias, scores)):
        raise ModelError(
            f"the head diverged: its weights are no numbers with learning_rate {learning_rate:g} "
            "on these features; give a lower learning_rate"
        )


def _minimise(
    inputs: Floats,
    targets: Floats,
    epochs: int,
    learning_rate: float,
    progress: Callable[[int, int], None],
) -> Floats:
    """Return the weights [inputs, classes] after `epochs` steps from zero."""
    weights = np.zeros((inputs.shape[1], targets.shape[1]))
    optimizer = _Adam(weights.shape, learning_rate)
    for epoch in range(epochs):
        weights = weights - optimizer.step(_gradient(inputs, targets, weights), epoch, epochs)
        progress(epoch + 1, epochs)
    return weights


def softmax(scores: Floats) -> Floats:
    """Return the probabilities [N, classes] of scores [N, classes]."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _gradient(inputs: Floats, targets: Floats, weights: Floats) -> Floats:
    error = softmax(inputs @ weights) - targets
    penalty = L2 * weights
    penalty[-1] = 0  # no penalty on the bias
    return np.asarray(inputs.T @ error / len(inputs) + penalty)


class _Adam:
    """Adam (Kingma & Ba, 2015) with a learning rate that falls linearly to zero."""

    def __init__(self, shape: tuple[int, ...], learning_rate: float) -> None:
        self._rate = learning_rate
        self._mean, self._square = np.zeros(shape), np.zeros(shape)

    def step(self, gradient: Floats, epoch: int, epochs: int) -> Floats:
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.999 * self._square + 0.001 * gradient**2
        mean = self._mean / (1 - 0.9 ** (epoch + 1))
        square = self._square / (1 - 0.999 ** (epoch + 1))
        rate = self._rate * (1 - epoch / epochs)
        return np.asarray(rate * mean / (np.sqrt(square) + 1e-8))
