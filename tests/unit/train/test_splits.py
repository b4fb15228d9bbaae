"""What the four sets of images promise: disjoint, balanced, enough of each."""

import hashlib
from typing import Any

import numpy as np
import pytest

from stages.errors import SettingsError
from stages.samples import Samples
from stages.train.splits import content_sha256, set_aside, without_repeats


def random_samples(count: int, seed: int = 0) -> Any:
    images = np.random.default_rng(seed).integers(0, 256, (count, 224, 224, 3), np.uint8)
    return Samples(images, np.arange(count, dtype=np.int64) % 3)


def hashes(samples: Any) -> Any:
    return {hashlib.sha256(image.tobytes()).hexdigest() for image in samples.images}


def test_images_set_aside_are_not_left_in_training() -> None:
    samples = random_samples(30)
    rest, taken = set_aside(samples, 8)
    assert hashes(rest).isdisjoint(hashes(taken))
    assert hashes(rest) | hashes(taken) == hashes(samples)


@pytest.mark.parametrize("count", [3, 8, 9])
def test_images_set_aside_are_even_over_the_classes(count: int) -> None:
    _, taken = set_aside(random_samples(30), count)
    counts = np.bincount(taken.labels, minlength=3)
    assert counts.sum() == count
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("count", [28, 30, 31])
def test_too_few_images_to_set_aside_is_a_settings_error(count: int) -> None:
    with pytest.raises(SettingsError, match="calibration"):
        set_aside(random_samples(30), count)


def test_no_class_is_used_up_while_others_have_more() -> None:
    images = random_samples(12).images
    rest, _ = set_aside(Samples(images, np.array([0] * 10 + [1, 2], np.int64)), 9)
    assert {*rest.labels} == {0, 1, 2}


def test_an_image_of_the_test_set_is_dropped_from_training() -> None:
    train, test = random_samples(6, seed=1), random_samples(3, seed=2)
    train.images[4] = test.images[0]
    kept = without_repeats(train, [test])
    assert len(kept) == 5
    assert hashes(kept).isdisjoint(hashes(test))


def test_the_digest_of_the_content_sees_a_changed_label() -> None:
    samples = random_samples(3)
    before = content_sha256([samples])
    samples.labels[0] = 2
    assert content_sha256([samples]) != before
