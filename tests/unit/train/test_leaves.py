"""What the drawn leaves promise: the same bytes everywhere, three classes, no colour shortcut."""

import hashlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from stages.train import head
from stages.train.leaves import CLASS_NAMES, draw_leaf

DRAW_ONE = (
    "import hashlib, numpy as np; from stages.train.leaves import draw_leaf;"
    "print(hashlib.sha256(draw_leaf(1, np.random.default_rng(7)).tobytes()).hexdigest())"
)


def draw(label: int, seed: int | list[int]) -> Any:
    return draw_leaf(label, np.random.default_rng(seed))


@pytest.mark.parametrize("label", range(3))
def test_a_leaf_is_an_image_with_contrast(label: int) -> None:
    image = draw(label, 5)
    assert image.shape == (224, 224, 3)
    assert image.dtype == np.uint8
    assert image.std() > 10


def test_same_seed_draws_the_same_bytes_in_another_process() -> None:
    here = hashlib.sha256(draw(1, 7).tobytes()).hexdigest()
    there = subprocess.run([sys.executable, "-c", DRAW_ONE], capture_output=True, check=True)
    assert there.stdout.decode().strip() == here


def test_other_seeds_draw_other_leaves() -> None:
    assert len({draw(0, seed).tobytes() for seed in range(10)}) == 10


def test_labels_are_in_the_order_of_beans() -> None:
    assert CLASS_NAMES == ("angular_leaf_spot", "bean_rust", "healthy")


def test_mean_colour_alone_does_not_tell_the_class() -> None:
    labels = np.arange(120) % 3
    colours = np.stack([draw(int(label), [1, i]).mean((0, 1)) for i, label in enumerate(labels)])
    fitted = head.fit(colours.astype(np.float32), labels, 3, epochs=300, learning_rate=0.05)
    assert np.mean(fitted.predict(colours.astype(np.float32)) == labels) < 0.75
