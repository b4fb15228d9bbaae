"""Models that can't be used, and one that can; with TensorFlow, so in the images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.errors import ModelError

pytestmark = pytest.mark.image


def write_model(path: Path, *, signature: str = "serving_default", outputs: int = 1) -> Path:
    """Write a SavedModel that gives the mean colour, under `signature`, `outputs` times."""
    import tensorflow.compat.v1 as tf

    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [None, 2, 2, 3], name="images")
        means = {f"mean{n}": tf.reduce_mean(images, [1, 2], name="mean") for n in range(outputs)}
        definition = tf.saved_model.predict_signature_def({"images": images}, means)
        builder = tf.saved_model.Builder(str(path))
        builder.add_meta_graph_and_variables(session, ["serve"], {signature: definition})
        builder.save()
    return path


def with_an_unknown_op(path: Path) -> Path:
    """Change the type of the model's op to one that no TensorFlow has."""
    from tensorflow.core.protobuf import saved_model_pb2

    file = write_model(path) / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    (mean,) = [node for node in saved.meta_graphs[0].graph_def.node if node.name == "mean"]
    mean.op = "MeanOfNobody"
    file.write_bytes(saved.SerializeToString())
    return path


def test_a_model_classifies_and_tells_when_its_nodes_ran(tmp_path: Path) -> None:
    from stages.common.backends.tensorflow import Model

    model = Model(str(write_model(tmp_path / "model")))
    images = np.random.default_rng(0).random((2, 2, 2, 3), np.float32)
    assert np.allclose(model(images), images.mean(axis=(1, 2)))
    assert "mean" in [node.name for node in model.trace(images)]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path, "is no SavedModel"),
        (
            lambda path: write_model(path, signature="other"),
            "no signature serving_default .found other",
        ),
        (lambda path: write_model(path, outputs=2), "2 outputs"),
        (with_an_unknown_op, "MeanOfNobody"),
    ],
    ids=["no model", "no signature", "two outputs", "unknown op"],
)
def test_what_can_not_be_used_is_refused_in_one_line(
    tmp_path: Path, make: Callable[[Path], Path], reason: str
) -> None:
    from stages.common.backends.tensorflow import Model

    path = make(tmp_path / "model")
    with pytest.raises(ModelError, match=reason) as caught:
        Model(str(path))
    assert "\n" not in str(caught.value)
