"""What the head's solver promises: the optimum, the same each time, on raw features."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.errors import ModelError
from stages.setting.ranges import LEARNING_RATE
from stages.train import head


def blobs(count: int = 90) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(3)
    labels = np.arange(count) % 3
    centres = np.array([[0, 9], [9, 0], [-9, -9]])
    features = 100 + 5 * (centres[labels] + rng.standard_normal((count, 2)))
    return features.astype(np.float32), labels


def test_separable_classes_are_told_apart() -> None:
    features, labels = blobs()
    fitted = head.fit(features, labels, 3, epochs=300, learning_rate=0.05)
    assert (fitted.predict(features) == labels).all()


def test_without_useful_features_the_head_predicts_the_class_shares() -> None:
    features = np.zeros((10, 1), np.float32)
    labels = np.array([0] * 7 + [1] * 3)
    fitted = head.fit(features, labels, 2, epochs=2000, learning_rate=0.05)
    fractions = head.softmax(fitted.bias[None].astype(np.float64))
    assert fractions[0] == pytest.approx([0.7, 0.3], abs=1e-3)


def test_gradient_vanishes_at_the_solution() -> None:
    features, labels = blobs()
    fitted = head.fit(features, labels, 3, epochs=3000, learning_rate=0.05)
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    spread = centred.std(axis=0)
    scale = spread + head.FLOOR * spread.mean()
    kernel = fitted.kernel.astype(np.float64)
    error = head.softmax(features.astype(np.float64) @ kernel + fitted.bias)
    error -= np.eye(3)[labels]
    gradient = (centred / scale).T @ error / len(labels) + head.L2 * fitted.kernel * scale[:, None]
    assert np.abs(gradient).max() < 1e-4


def test_same_input_gives_the_same_head() -> None:
    first, second = (head.fit(*blobs(), 3, 50, 0.05) for _ in range(2))
    assert first.kernel.tobytes() == second.kernel.tobytes()
    assert first.bias.tobytes() == second.bias.tobytes()


def test_progress_reaches_the_last_epoch() -> None:
    shown: list[tuple[int, int]] = []
    head.fit(*blobs(), 3, 5, 0.05, lambda done, total: shown.append((done, total)))
    assert shown == [(epoch, 5) for epoch in range(1, 6)]


@pytest.mark.parametrize("learning_rate", [1e40, 1e300])
def test_a_head_that_diverged_is_refused_by_the_setting_that_made_it(learning_rate: float) -> None:
    features, labels = blobs()
    with pytest.raises(ModelError, match=r"diverged.* learning_rate 1e\+"):
        head.fit(features, labels, 3, epochs=20, learning_rate=learning_rate)


def test_a_backbone_whose_features_are_no_numbers_is_named() -> None:
    features, labels = blobs()
    features[3, 1] = np.nan
    with pytest.raises(ModelError, match="the backbone gives features that are no numbers"):
        head.fit(features, labels, 3, epochs=2, learning_rate=0.05)


def test_the_highest_rate_that_may_be_set_does_not_diverge() -> None:
    features, labels = blobs()
    fitted = head.fit(features, labels, 3, epochs=300, learning_rate=LEARNING_RATE.high)
    assert np.isfinite(fitted.kernel).all()
