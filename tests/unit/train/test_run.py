"""Features that were computed before are those of as many images, or they are refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.errors import InputCorruptError
from stages.records.base import Source
from stages.samples import Samples
from stages.settings import Settings
from stages.train.splits import Splits

pytestmark = pytest.mark.image


@pytest.mark.parametrize(
    "stored",
    [np.zeros((2, 8), np.float32), np.zeros((3, 8), np.float64), np.array([{}, 1, 2], object)],
)
def test_others_are_refused_in_one_line(tmp_path: Path, stored: NDArray[np.generic]) -> None:
    from stages.train.run import load_features

    np.save(tmp_path / "test.npy", stored, allow_pickle=True)
    with pytest.raises(InputCorruptError, match="has not the features of 3 images; remove"):
        load_features(tmp_path / "test.npy", 3)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array", b"PK\x03\x04"])
def test_what_is_no_array_is_refused(tmp_path: Path, content: bytes) -> None:
    from stages.train.run import load_features

    (tmp_path / "test.npy").write_bytes(content)
    with pytest.raises(InputCorruptError, match=r"remove .* and run train again"):
        load_features(tmp_path / "test.npy", 3)


def test_two_modules_of_one_graph_never_share_their_features(tmp_path: Path) -> None:
    """Given by addresses of files, one after the other at the same place, with other weights."""
    tf = pytest.importorskip("tensorflow")
    from stages.train.backbone import load_backbone

    handle, found = f"file://{tmp_path}/module", []
    for weight in (1.0, 2.0):
        save_scaled(tmp_path / "module", tf.Variable(weight))
        backbone = load_backbone(Settings(backbone=handle), tmp_path, lambda *_: None)
        found.append(features_of(backbone, tmp_path))
    np.testing.assert_allclose(found[1], 2 * found[0])
    assert len([*(tmp_path / "features").iterdir()]) == 2


def save_scaled(path: Path, weight: Any) -> None:
    tf = pytest.importorskip("tensorflow")
    module = tf.Module()
    module.weight = weight
    module.__call__ = tf.function(
        lambda images: tf.reduce_mean(images, [1, 2]) * module.weight,
        input_signature=[tf.TensorSpec([None, 224, 224, 3], tf.float32)],
    )
    tf.saved_model.save(module, str(path))


def features_of(backbone: Any, cache: Path) -> Any:
    from stages.common.progress import Progress
    from stages.train.run import _features
    from stages.train.steps import StepTimer

    images = Samples(np.full((1, 224, 224, 3), 255, np.uint8), np.zeros(1, np.int64))
    source = Source(name="data", sha256="0" * 64, origin="here")
    splits = Splits(images, images, images, images, ("a",), source)
    return _features(backbone, splits, cache, StepTimer(Progress("train")))["test"]
