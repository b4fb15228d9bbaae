"""Files of Keras from a stranger, as train takes or refuses them; with real Keras."""

import json
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from stages.errors import ModelError
from tests.unit.train import hostile_keras
from tests.unit.train.networks import SIZE, names_of_keras, network, saved  # noqa: F401 - a fixture

tf = pytest.importorskip("tensorflow")
h5py = pytest.importorskip("h5py")
pytestmark = [pytest.mark.image, pytest.mark.usefixtures("names_of_keras")]


def load(path: Path) -> Any:
    from stages.train.saved_classifier import load_saved

    return load_saved(path, path.name)


@pytest.fixture
def good(tmp_path: Path) -> dict[str, Path]:
    model = network()
    return {form: Path(saved(model, tmp_path / f"good.{form}")) for form in ("keras", "h5")}


def refused(path: Path, words: str, harm: Path) -> None:
    """Check that a file is refused, and that nothing in it ran."""
    with pytest.raises(ModelError, match=f"the model {path.name} {words}"):
        load(path)
    assert not harm.exists()


def test_a_lambda_layer_that_names_a_function_of_python_is_not_run(
    good: dict[str, Path], tmp_path: Path
) -> None:
    harm, made = tmp_path / "harm", tmp_path / "evil.keras"
    edit = hostile_keras.first(hostile_keras.calling_system(f"touch {harm}"))
    words = "holds Python code, in the Lambda layer harmful"
    refused(hostile_keras.edited_archive(good["keras"], made, edit), words, harm)


def test_a_model_within_the_text_of_an_hdf5_file_is_not_loaded(
    good: dict[str, Path], tmp_path: Path
) -> None:
    harm, made = tmp_path / "harm", tmp_path / "evil.h5"
    with h5py.File(good["h5"]) as file:
        inner = json.loads(file.attrs["model_config"])
    lambdas = hostile_keras.first(hostile_keras.calling_system(f"touch {harm}"))(inner)
    edit = hostile_keras.first(hostile_keras.loading_json(json.dumps(lambdas)))
    words = "calls keras.models.model_from_json, in the layer harmful"
    refused(hostile_keras.edited_hdf5(good["h5"], made, edit), words, harm)


def test_weights_that_are_python_objects_are_not_read(
    good: dict[str, Path], tmp_path: Path
) -> None:
    harm, made = tmp_path / "harm", tmp_path / "evil.keras"
    hostile_keras.with_pickles(good["keras"], made, f"touch {harm}")
    refused(made, r"has no model\.weights\.h5; save it again", harm)


@pytest.mark.parametrize("name", ["config.json", "metadata.json"])
def test_a_text_that_unpacks_to_more_than_any_is_long_is_named(
    name: str, good: dict[str, Path], tmp_path: Path
) -> None:
    made = hostile_keras.with_long_text(good["keras"], tmp_path / "bomb.keras", name, 17)
    assert made.stat().st_size < 10**6
    refused(made, f"has more than 16 MB of {name}", tmp_path / "harm")


def test_weights_that_declare_more_than_there_is_are_named(
    good: dict[str, Path], tmp_path: Path
) -> None:
    with h5py.File(good["h5"], "r+") as file:
        file.create_dataset("model_weights/huge", (2**20, 2**20), "f4", chunks=(64, 64))
    refused(good["h5"], "declares more than 4 GB of variables, up to .*huge", tmp_path / "harm")
    inner = tmp_path / "inner.h5"
    with zipfile.ZipFile(good["keras"]) as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    inner.write_bytes(texts["model.weights.h5"])
    with h5py.File(inner, "r+") as file:
        file.create_dataset("huge", (2**32,), "f4", chunks=(64,))
    with zipfile.ZipFile(tmp_path / "huge.keras", "w") as archive:
        for name, content in (texts | {"model.weights.h5": inner.read_bytes()}).items():
            archive.writestr(name, content)
    refused(tmp_path / "huge.keras", "declares more than 4 GB", tmp_path / "harm")


def test_entries_of_varying_length_are_no_weights(good: dict[str, Path], tmp_path: Path) -> None:
    with h5py.File(good["h5"], "r+") as file:
        file.create_dataset("model_weights/vary", (2**20,), h5py.vlen_dtype("u1"))
    refused(good["h5"], "has no numbers in model_weights/vary; save it", tmp_path / "harm")


def test_groups_in_each_other_without_end_are_refused(
    good: dict[str, Path], tmp_path: Path
) -> None:
    with h5py.File(good["h5"], "r+") as file:
        group = file["model_weights"]
        for _ in range(3000):
            group = group.create_group("g")
    refused(good["h5"], "has groups more than 64 deep, model_weights/g/g", tmp_path / "harm")


def test_weights_in_another_file_are_not_read(good: dict[str, Path], tmp_path: Path) -> None:
    with h5py.File(good["h5"], "r+") as file:
        file["model_weights/link"] = h5py.ExternalLink("/etc/hostname", "x")
    refused(good["h5"], "has model_weights/link in another place", tmp_path / "harm")
    other = Path(saved(network(), tmp_path / "other.h5"))
    with h5py.File(other, "r+") as file:
        place = [(str(tmp_path / "raw"), 0, 400)]
        file.create_dataset("model_weights/raw", (100,), "f4", external=place)
    refused(other, "has model_weights/raw in another place", tmp_path / "harm")


def written_by_keras(model: Any) -> list[Any]:
    """Return a model's architecture as Keras writes it to each kind of file."""
    saving = "keras.src.saving.legacy"
    saving_utils = import_module(f"{saving}.saving_utils")
    json_utils = import_module(f"{saving}.saved_model.json_utils")
    model.use_legacy_config = True
    legacy = saving_utils.model_metadata(model, include_optimizer=False)["model_config"]
    del model.use_legacy_config
    texts = (
        json.dumps(tf.keras.saving.serialize_keras_object(model)),
        json.dumps(legacy, default=json_utils.get_json_type),
    )
    return [json.loads(text) for text in texts]


# Keras warns of an initializer in its own EfficientNetV2.
@pytest.mark.filterwarnings("ignore:The `keras.initializers.serialize")
@pytest.mark.parametrize(
    "family",
    ["MobileNetV3Small", "EfficientNetB0", "EfficientNetV2B0", "ConvNeXtTiny", "RegNetX002"],
)
def test_keras_own_networks_are_taken(family: str) -> None:
    from stages.train.keras_config import require_known

    made = getattr(tf.keras.applications, family)(weights=None, input_shape=(32, 32, 3), classes=3)
    for config in written_by_keras(made):
        require_known(config)


def prepared(mode: str) -> Any:
    source = tf.keras.Input((SIZE, SIZE, 3))
    pixels = tf.keras.applications.imagenet_utils.preprocess_input(source, mode=mode)
    mixed = tf.concat([pixels[:, ::2], tf.nn.relu6(pixels)[:, 1::2] * 2 + 1], axis=1)
    features = tf.reduce_mean(tf.image.resize(mixed, (4, 4)), axis=[1, 2])
    return tf.keras.Model(source, tf.nn.softmax(tf.keras.layers.Dense(3)(features)))


@pytest.mark.parametrize(
    ("form", "mode"),  # caffe's reversed channels are none that Keras can write to a .keras
    [("keras", "tf"), ("keras", "torch"), ("h5", "tf"), ("h5", "torch"), ("h5", "caffe")],
)
def test_functions_of_tensorflow_that_prepare_pixels_are_taken(
    form: str, mode: str, tmp_path: Path
) -> None:
    model = prepared(mode)
    pixels = tf.random.uniform((2, SIZE, SIZE, 3), 0, 255)
    answer = load(Path(saved(model, tmp_path / f"mine.{form}"))).call(pixels)
    assert abs(answer - model(pixels)).numpy().max() < 1e-5


def test_a_model_that_was_trained_is_taken_without_what_training_needs(tmp_path: Path) -> None:
    model = network()
    model.compile("adam", "mse", ["accuracy"])
    for form in ("keras", "h5"):
        assert load(Path(saved(model, tmp_path / f"mine.{form}"))).takes.shape[1:] == (8, 8, 3)


def test_every_function_that_may_be_called_is_one_of_tensorflow() -> None:
    from tensorflow.python.util.tf_export import get_symbol_from_name

    from stages.train.keras_names import FUNCTIONS

    known = {name for name in FUNCTIONS if get_symbol_from_name(name) is not None}
    assert known == FUNCTIONS
