"""What a backbone must be, and the message if it is not; with real TensorFlow."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.errors import DownloadError, ModelError
from stages.settings import Settings

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.image


def save_module(path: Path, function: Any, shape: Any = (None, 224, 224, 3)) -> Any:
    module = tf.Module()
    module.__call__ = tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)])
    tf.saved_model.save(module, str(path))
    return Settings(backbone=str(path))


def load(settings: Settings, cache: Path) -> Any:
    from stages.train.backbone import load_backbone

    return load_backbone(settings, cache, lambda done, total: None)


def test_any_feature_vector_module_is_taken_and_gives_features_per_image(tmp_path: Path) -> None:
    from stages.samples import Samples

    settings = save_module(tmp_path / "mean", lambda x: tf.reduce_mean(x, [1, 2]))
    images = np.random.default_rng(0).integers(0, 256, (20, 224, 224, 3), np.uint8)
    samples = Samples(images, np.zeros(20, np.int64))
    features = load(settings, tmp_path).features(samples, lambda done: None)
    np.testing.assert_allclose(features, images.mean((1, 2)) / 255, rtol=1e-4)


def test_a_module_that_returns_maps_is_no_backbone(tmp_path: Path) -> None:
    settings = save_module(tmp_path / "maps", lambda x: x * 2)
    with pytest.raises(ModelError, match="no feature vector"):
        load(settings, tmp_path)


def test_a_module_for_other_image_sizes_is_no_backbone(tmp_path: Path) -> None:
    settings = save_module(
        tmp_path / "small", lambda x: tf.reduce_mean(x, [1, 2]), (None, 32, 32, 3)
    )
    with pytest.raises(ModelError, match="224"):
        load(settings, tmp_path)


def test_a_path_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        load(Settings(backbone=str(tmp_path / "nowhere")), tmp_path)


def test_an_unreachable_hub_points_to_the_embedded_backbone(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="set backbone to embedded"):
        load(Settings(backbone="https://hub.invalid/vgg19/1"), tmp_path)


def test_published_weights_give_the_features_of_keras_own_preprocessing(tmp_path: Path) -> None:
    import tf_keras

    from stages.train.backbone import CAFFE_MEAN_RGB, from_keras
    from stages.train.vgg19 import export

    model = tf_keras.applications.VGG19(include_top=False, weights=None, pooling="avg")
    export(from_keras(model), tmp_path / "vgg19", CAFFE_MEAN_RGB)
    images = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3)).astype(np.float32)
    ours = load(Settings(backbone=str(tmp_path / "vgg19")), tmp_path).layer(images / 255)
    keras = model(tf_keras.applications.vgg19.preprocess_input(images.copy()))
    np.testing.assert_allclose(ours, keras, rtol=1e-3, atol=1e-5)
