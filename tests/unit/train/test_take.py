"""The train folder of a given model, as the later stages read it; with real TensorFlow."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.artifacts import read_record
from stages.common.progress import Progress
from stages.errors import ModelError
from stages.records.base import Source
from stages.records.train import TrainRecord
from stages.samples import Samples, load_samples
from stages.settings import Settings
from stages.stage_folders import TrainFolder
from stages.train.splits import Splits
from tests.unit.train.networks import SIZE, images, names_of_keras, network, saved  # noqa: F401 - a fixture

tf = pytest.importorskip("tensorflow")
pytestmark = [pytest.mark.image, pytest.mark.usefixtures("names_of_keras")]

CLASSES = ("a", "b", "c")


def labelled_by(model: Any) -> Samples:
    """Return images with the classes that a model gives them."""
    pixels = images().images
    answers = model(pixels.astype(np.float32), training=False).numpy()
    return Samples(pixels, answers.argmax(axis=1).astype(np.int64))


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of three classes, with data that it is always right on."""
    made = network()
    samples = labelled_by(made)
    white = Samples(np.full_like(samples.images, 255), samples.labels)
    source = Source(name="embedded", sha256="0" * 64, origin="here")
    splits = Splits(samples, white, samples, samples, CLASSES, source)

    def load(settings: Settings, cache: Path, progress: Any, shape: Any, say: Any) -> Splits:
        assert shape == (SIZE, SIZE, 3)
        return splits

    monkeypatch.setattr("stages.train.take.load_splits", load)
    return Path(saved(made, tmp_path / "mine.keras"))


def take(path: Path, folder: Path) -> TrainRecord:
    from stages.train.take import take as steps

    folder.mkdir()
    with Progress("train") as progress:
        steps(Settings(model=str(path)), folder, folder / "cache", progress)
    return read_record(TrainFolder(folder).record, TrainRecord)


def test_its_record_says_what_was_given_and_that_nothing_was_trained(
    model: Path, tmp_path: Path
) -> None:
    record = take(model, tmp_path / "train")
    assert (record.backbone.name, record.backbone.whole) == ("given/mine.keras", True)
    assert (record.head, record.outputs, record.image_size) == ({}, "logits", [SIZE, SIZE])
    assert record.accuracy_top1 == {"validation": 1.0, "test": 1.0}
    assert record.conv_layers == 1


def test_what_it_leaves_is_the_model_and_images_of_its_size(model: Path, tmp_path: Path) -> None:
    paths = TrainFolder(tmp_path / "train")
    record = take(model, paths.path)
    samples = load_samples(paths.test)
    served = tf.saved_model.load(str(paths.model)).signatures["serving_default"]
    answers = served(images=tf.constant(samples.batch(0, 20)))["probabilities"].numpy()
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    assert answers.argmax(axis=1).tolist() == samples.labels.tolist() == record.labels["test"]


def test_the_same_model_gives_the_same_bytes(model: Path, tmp_path: Path) -> None:
    folders = [TrainFolder(tmp_path / name) for name in ("one", "two")]
    for folder in folders:
        take(model, folder.path)
    first, second = ((it.model / "saved_model.pb").read_bytes() for it in folders)
    assert first == second


def test_a_model_of_other_classes_leaves_nothing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    five = Path(saved(network(outputs=5), tmp_path / "five.keras"))
    with pytest.raises(ModelError, match=r"the model five\.keras knows 5 classes, and the data"):
        take(five, tmp_path / "train")
    assert not [*(tmp_path / "train").rglob("*.pb")]


def wrong_on_white(pixels: Any) -> Any:
    """Return answers [N, 3], of which that to a white image is no number."""
    darkest = tf.reduce_min(pixels, axis=(1, 2, 3))
    return tf.stack([tf.math.sqrt(254 - darkest), darkest, darkest], axis=1)


def test_an_image_to_calibrate_by_that_has_no_answer_is_found_before_quantize(
    model: Path, tmp_path: Path
) -> None:
    module = tf.Module()
    takes = tf.TensorSpec([None, SIZE, SIZE, 3], tf.float32)
    module.call = tf.function(wrong_on_white, input_signature=[takes])
    tf.saved_model.save(module, str(tmp_path / "white"), signatures=module.call)
    with pytest.raises(ModelError, match="answers what is no number"):
        take(tmp_path / "white", tmp_path / "train")
