"""Models of a user's own, as train takes or refuses them; with real TensorFlow."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.errors import ModelError, SettingsError
from stages.settings import Settings
from tests.unit.train.networks import SIZE, images, names_of_keras, network, saved  # noqa: F401 - a fixture

tf = pytest.importorskip("tensorflow")
pytestmark = [pytest.mark.image, pytest.mark.usefixtures("names_of_keras")]


def load(path: str, cache: Path, **settings: Any) -> Any:
    from stages.train.given_model import load_given

    return load_given(Settings(model=path, **settings), cache)


@pytest.mark.parametrize("name", ["mine.keras", "mine.h5", "mine"])
@pytest.mark.parametrize("activation", [None, "softmax"])
def test_it_answers_as_it_did_where_it_was_saved(
    name: str, activation: str | None, tmp_path: Path
) -> None:
    from stages.train.given_model import kind_of

    model = network(activation=activation)
    given = load(saved(model, tmp_path / name), tmp_path / "cache")
    assert (given.name, given.image_shape, given.classes) == (name, (SIZE, SIZE, 3), 3)
    assert (given.source.name, given.source.whole) == (f"given/{name}", True)
    answers = given.answers(images(), lambda done: None)
    expected = model(images().images.astype(np.float32), training=False)
    np.testing.assert_allclose(answers, expected, atol=1e-4)
    assert kind_of(answers) == ("probabilities" if activation else "logits")


def test_a_file_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(Path(saved(network(), tmp_path / "a.keras")).read_bytes())
    assert load(str(tmp_path / "model"), tmp_path / "cache").classes == 3


@pytest.mark.parametrize("name", ["unit", "symmetric", "imagenet", "caffe"])
def test_preprocessing_is_that_of_keras(name: str, tmp_path: Path) -> None:
    layers = tf.keras.layers
    source = tf.keras.Input((SIZE, SIZE, 3))
    path = saved(tf.keras.Model(source, layers.GlobalMaxPooling2D()(source)), tmp_path / "m.keras")
    answers = load(path, tmp_path, preprocessing=name).answers(images(2), lambda done: None)
    pixels = images(2).images.astype(np.float32)
    modes = {"symmetric": "tf", "imagenet": "torch", "caffe": "caffe"}
    preprocess = tf.keras.applications.imagenet_utils.preprocess_input
    made = preprocess(pixels, mode=modes[name]) if name in modes else pixels / 255
    np.testing.assert_allclose(answers, made.max((1, 2)), atol=1e-4)


def test_whole_numbers_are_given_as_they_are(tmp_path: Path) -> None:
    path = saved(network(dtype="uint8"), tmp_path / "whole")
    assert load(path, tmp_path).classes == 3
    with pytest.raises(SettingsError, match="takes uint8 images, which preprocessing unit does"):
        load(path, tmp_path, preprocessing="unit")


def test_what_is_saved_gives_the_models_probabilities(tmp_path: Path) -> None:
    from stages.train import model as graphs
    from stages.train.take import _frozen

    model = network()
    given = load(saved(model, tmp_path / "mine.keras"), tmp_path)
    graph = _frozen(given, "logits")
    assert graphs.count_convolutions(graph) == 1
    graphs.save(graph, tmp_path / "out", given.image_shape)
    served = tf.saved_model.load(str(tmp_path / "out")).signatures["serving_default"]
    batch = images(3).batch(0, 3)
    answer = served(images=tf.constant(batch))["probabilities"]
    expected = tf.nn.softmax(model(batch * 255, training=False))
    np.testing.assert_allclose(answer, expected, atol=1e-4)


def test_weights_that_are_no_numbers_are_found_behind_an_op_that_hides_them(tmp_path: Path) -> None:
    from stages.train.take import _frozen

    layers = tf.keras.layers
    source = tf.keras.Input((SIZE, SIZE, 3))
    hidden = layers.Lambda(lambda it: tf.where(it > 0, it, 0.0))(layers.Conv2D(4, 3)(source))
    model = tf.keras.Model(source, layers.Dense(3)(layers.Flatten()(hidden)))
    model.layers[1].set_weights([weights * np.nan for weights in model.layers[1].get_weights()])
    given = load(saved(model, tmp_path / "mine"), tmp_path)
    with pytest.raises(ModelError, match="the model mine has weights that are NaN"):
        _frozen(given, "logits")


def test_a_model_with_a_loop_and_a_branch_is_taken(tmp_path: Path) -> None:
    from stages.train import model as graphs
    from stages.train.take import _frozen

    def classify(pixels: Any) -> Any:
        mean = tf.reduce_mean(pixels, [1, 2])
        mean = tf.cond(tf.reduce_sum(mean) > 0, lambda: mean / 255, lambda: mean)
        return tf.while_loop(lambda i, _: i < 3, lambda i, it: (i + 1, it * 2), [0, mean])[1]

    given = load(folder_of(classify, tmp_path / "loop"), tmp_path)
    graphs.save(_frozen(given, "logits"), tmp_path / "out", given.image_shape)
    served = tf.saved_model.load(str(tmp_path / "out")).signatures["serving_default"]
    batch = images(2).batch(0, 2)
    expected = tf.nn.softmax(batch.mean((1, 2)) * 8)
    answer = served(images=tf.constant(batch))["probabilities"]
    np.testing.assert_allclose(answer, expected, atol=1e-4)


def folder_of(classify: Any, folder: Path) -> str:
    """Save a function of images as a SavedModel; return its path."""
    module = tf.Module()
    spec = tf.TensorSpec([None, SIZE, SIZE, 3], tf.float32)
    module.__call__ = tf.function(classify, input_signature=[spec])
    tf.saved_model.save(module, str(folder))
    return str(folder)


def test_a_model_that_refuses_some_images_alone_is_named(tmp_path: Path) -> None:
    def classify(pixels: Any) -> Any:
        asserted = tf.debugging.assert_less(tf.shape(pixels)[0], 3, "too many")
        with tf.control_dependencies([asserted]):
            return tf.reduce_mean(pixels, [1, 2])

    given = load(folder_of(classify, tmp_path / "picky"), tmp_path)
    with pytest.raises(ModelError, match=r"the model picky does not take 16 images .*too many"):
        given.answers(images(), lambda done: None)


def test_a_model_of_more_classes_for_some_images_is_named(tmp_path: Path) -> None:
    def classify(pixels: Any) -> Any:
        return tf.reshape(pixels, [tf.shape(pixels)[0], -1])[:, : tf.shape(pixels)[0] // 9 + 2]

    given = load(folder_of(classify, tmp_path / "moody"), tmp_path)
    with pytest.raises(ModelError, match="moody answers 3 numbers for an image, and 2 for others"):
        given.answers(images(), lambda done: None)


def broken(model: Any) -> Any:
    model.set_weights([weights * np.nan for weights in model.get_weights()])
    return model


def with_code(layer: Any) -> Any:
    source = tf.keras.Input((SIZE, SIZE, 3))
    flat = tf.keras.layers.Flatten()(layer(source))
    return tf.keras.Model(source, tf.keras.layers.Dense(3)(flat))


def pooled(height: int, width: int) -> Any:
    source = tf.keras.Input((height, width, 3))
    return tf.keras.Model(source, tf.keras.layers.GlobalMaxPooling2D()(source))


class Mine(tf.keras.layers.Layer):  # type: ignore[misc, name-defined]
    """A layer that the program which loads it does not know."""

    def call(self, inputs: Any) -> Any:
        """Return what is given."""
        return inputs


@pytest.mark.parametrize(
    ("make", "name", "words"),
    [
        (lambda: broken(network()), "m.keras", "answers what is no number"),
        (lambda: network(shape=(3, SIZE, SIZE)), "m.keras", "channels last"),
        (
            lambda: network(shape=(SIZE, SIZE, 1)),
            "m.keras",
            r"float32 \[any, 8, 8, 1\]; give",
        ),
        (lambda: pooled(65536, 32768), "m.keras", "takes images of 65536x32768; give one that"),
        (lambda: pooled(4097, 8), "m.keras", "takes images of 4097x8; give one that takes at most"),
        (lambda: network(batch_size=4, dtype="float32"), "m.keras", "takes 4 images at once"),
        (lambda: network(outputs=1), "m.keras", r"returns \[2, 1\] for 2 images; give a class"),
        (lambda: with_code(Mine()), "m.keras", "export it there as a SavedModel"),
        (lambda: with_code(Mine()), "m.h5", r"Mine.*export it there as a SavedModel"),
        (lambda: with_code(tf.keras.layers.Lambda(lambda x: x)), "m.keras", "export it there"),
        (lambda: with_code(tf.keras.layers.Lambda(lambda x: x)), "m.h5", "holds Python code"),
    ],
)
def test_what_will_not_do_is_refused_with_the_reason(
    make: Any, name: str, words: str, tmp_path: Path
) -> None:
    path = saved(make(), tmp_path / name)
    with pytest.raises(ModelError, match=f"the model {name} .*{words}") as caught:
        load(path, tmp_path / "cache")
    assert str(caught.value).isprintable()


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    network().save_weights(tmp_path / "m.h5")
    with pytest.raises(ModelError, match=r"m\.h5 holds weights alone; save the whole model"):
        load(str(tmp_path / "m.h5"), tmp_path)


def test_an_op_that_is_not_known_here_is_named(tmp_path: Path) -> None:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    file = Path(saved(network(), tmp_path / "mine")) / "saved_model.pb"
    graph = SavedModel.FromString(file.read_bytes())
    for function in graph.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            node.op = {"Conv2D": "Conv2DOfTomorrow"}.get(node.op, node.op)
    file.write_bytes(graph.SerializeToString())
    with pytest.raises(ModelError, match=r"can't be loaded by TensorFlow .*Conv2DOfTomorrow"):
        load(str(tmp_path / "mine"), tmp_path)


def test_a_damaged_file_is_named_without_where_it_is_here(tmp_path: Path) -> None:
    saved(network(), tmp_path / "mine")
    (tmp_path / "mine" / "saved_model.pb").write_bytes(b"\x7fnothing of a model")
    with pytest.raises(
        ModelError, match=r"Cannot parse file saved_model\.pb: .*[^.]\); give a TF2"
    ):
        load(str(tmp_path / "mine"), tmp_path)


def test_other_classes_than_the_datas_are_refused(tmp_path: Path) -> None:
    given = load(saved(network(outputs=5), tmp_path / "m.keras"), tmp_path)
    given.require_classes(["a", "b", "c", "d", "e"])
    with pytest.raises(ModelError, match=r"knows 5 classes, and the data have 2; give .*: a, b$"):
        given.require_classes(["a", "b"])
