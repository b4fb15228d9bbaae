"""What a backbone must be, and the message if it is not; with real TensorFlow."""

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.errors import InputMissingError, ModelError, SettingsError
from stages.folder.cache import MODULE, Cache, cached, sign_module
from stages.settings import Settings, recorded_settings
from stages.train.given_files import given_folder
from tests.unit.deep import make_deep

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.image


SHAPE = (None, 224, 224, 3)


def save_module(path: Path, function: Any, shape: Any = SHAPE, signatures: Any = None) -> Any:
    """Save what can be called; or what has signatures of these names alone, as Keras 3 exports."""
    module = tf.Module()
    traced = tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)])
    setattr(module, "serve" if signatures is not None else "__call__", traced)
    tf.saved_model.save(module, str(path), dict.fromkeys(signatures or (), traced))
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
    with pytest.raises(SettingsError, match="nowhere is not there; give the folder"):
        load(Settings(backbone=str(tmp_path / "nowhere")), tmp_path)


@pytest.mark.parametrize("handle", ["gs://bucket/vgg19", "s3://bucket/vgg19", "file://other/a"])
def test_an_address_that_nothing_fetches_is_named(handle: str, tmp_path: Path) -> None:
    # The settings refuse it; the note that download left may have been edited.
    with pytest.raises(ModelError, match="give an https address or a path"):
        given_folder(handle, Cache(tmp_path))


@pytest.mark.parametrize("backbone", ["https://me:secret@hub.invalid/vgg19/1", "imagenet"])
def test_what_was_not_downloaded_is_not_asked_for(backbone: str, tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="run download first") as caught:
        load(Settings(backbone=backbone), tmp_path)
    assert "secret" not in str(caught.value)


def download(handle: str, cache: Path) -> Path:
    """Put a module where the program download leaves that of `handle`; return its folder."""

    def make(folder: Path) -> None:
        save_module(folder / MODULE, lambda x: tf.reduce_mean(x, [1, 2]))

        sign_module(folder, handle)

    return Path(cached(Cache(cache).module(handle), make)) / MODULE


def test_a_handle_is_loaded_from_the_cache(tmp_path: Path) -> None:
    handle = "https://me:secret@hub.invalid/vgg19/1?key=hidden"
    module = download(handle, tmp_path)
    source = load(Settings(backbone=handle), tmp_path).source
    assert source.name == source.origin == "https://***@hub.invalid/vgg19/1?***"
    assert source.sha256 == load(Settings(backbone=str(module)), tmp_path).source.sha256
    # As train's container gets it.
    assert load(Settings(backbone=source.name), tmp_path).source == source


def test_the_module_of_other_secrets_is_not_run(tmp_path: Path) -> None:
    download("https://me:secret@hub.invalid/vgg19/1?v=1", tmp_path)
    with pytest.raises(InputMissingError, match="run download first"):
        load(Settings(backbone="https://me:secret@hub.invalid/vgg19/1?v=2"), tmp_path)


def test_a_damaged_module_is_not_run(tmp_path: Path) -> None:
    handle = "https://hub.invalid/vgg19/1"
    (download(handle, tmp_path) / "saved_model.pb").write_bytes(b"damaged")
    with pytest.raises(InputMissingError, match="or damaged there; run download first"):
        load(Settings(backbone=handle), tmp_path)


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_two_modules_are_told_apart_however_they_are_given(form: str, tmp_path: Path) -> None:
    save_module(tmp_path / "mean", lambda x: tf.reduce_mean(x, [1, 2]))
    save_module(tmp_path / "most", lambda x: tf.reduce_max(x, [1, 2]))
    sources = {
        load(Settings(backbone=form.format(tmp_path / name)), tmp_path).source.sha256
        for name in ("mean", "most")
    }
    assert len(sources) == 2


def test_two_modules_whose_files_are_behind_links_are_told_apart(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        save_module(tmp_path / name, lambda x: tf.reduce_mean(x, [1, 2]))
        (tmp_path / name / "assets" / "words").write_text(name)
        (tmp_path / name / "assets").rename(tmp_path / f"{name}-assets")
        (tmp_path / name / "assets").symlink_to(tmp_path / f"{name}-assets")
        (tmp_path / name / "round").symlink_to(tmp_path / name)
        digests.add(load(Settings(backbone=str(tmp_path / name)), tmp_path).source.sha256)
    assert len(digests) == 2


def test_an_archive_is_the_module_that_was_packed_and_is_unpacked_once(tmp_path: Path) -> None:
    settings = save_module(tmp_path / "mean", lambda x: tf.reduce_mean(x, [1, 2]))
    with tarfile.open(tmp_path / "mine.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "mean", "mean")
    source = load(Settings(backbone=str(tmp_path / "mine.tar.gz")), tmp_path).source
    assert source.sha256 == load(settings, tmp_path).source.sha256
    assert (source.name, source.origin) == ("given/mine.tar.gz", "given/mine.tar.gz")
    (unpacked,) = (tmp_path / "backbones").iterdir()
    times = {path: path.stat().st_mtime_ns for path in unpacked.rglob("*")}
    load(Settings(backbone=str(tmp_path / "mine.tar.gz")), tmp_path)
    assert times == {path: path.stat().st_mtime_ns for path in unpacked.rglob("*")}


def test_a_record_has_no_path_in_which_a_user_may_be_named(tmp_path: Path) -> None:
    settings = save_module(tmp_path / "mean", lambda x: tf.reduce_mean(x, [1, 2]))
    (tmp_path / "latest").symlink_to(tmp_path / "mean")
    given = load(Settings(backbone=str(tmp_path / "latest")), tmp_path).source
    assert (given.name, given.origin) == ("given/latest", "given/latest")
    assert given.sha256 == load(settings, tmp_path).source.sha256
    assert recorded_settings(settings, "train")["backbone"] == "given/mean"


@pytest.mark.parametrize(
    ("function", "returned"),
    [
        (lambda x: {"a": tf.reduce_mean(x, [1, 2]), "b": x}, r"several tensors \(a, b\)"),
        (lambda x: [tf.reduce_mean(x, [1, 2]), x], "several tensors"),
        (lambda x: tf.cast(tf.reduce_mean(x, [1, 2]), tf.bfloat16), "a tensor of bfloat16"),
        (lambda x: tf.cast(tf.reduce_mean(x, [1, 2]), tf.float16), "a tensor of float16"),
        (lambda x: tf.cast(tf.reduce_mean(x, [1, 2]), tf.int32), "a tensor of int32"),
    ],
)
def test_what_is_no_float32_tensor_is_no_feature_vector(
    function: Any, returned: str, tmp_path: Path
) -> None:
    settings = save_module(tmp_path / "odd", function)
    with pytest.raises(ModelError, match=f"returns {returned}, not one of float32"):
        load(settings, tmp_path)


@pytest.mark.parametrize("wrapped", [lambda x: {"features": x}, lambda x: [x], lambda x: (x,)])
def test_a_sole_feature_vector_is_taken_out_of_what_holds_it(wrapped: Any, tmp_path: Path) -> None:
    settings = save_module(tmp_path / "sole", lambda x: wrapped(tf.reduce_mean(x, [1, 2])))
    assert_gives_means(load(settings, tmp_path))


def assert_gives_means(backbone: Any) -> None:
    """Assert that it gives the means of the channels, for more than a batch and in a graph."""
    from stages.samples import Samples
    from stages.train.head import Head
    from stages.train.model import count_ops, freeze, with_head

    images = np.random.default_rng(0).integers(0, 256, (17, 224, 224, 3), np.uint8)
    features = backbone.features(Samples(images, np.zeros(17, np.int64)), lambda done: None)
    np.testing.assert_allclose(features, images.mean((1, 2)) / 255, rtol=1e-4)
    head = Head(np.zeros((3, 3), np.float32), np.zeros(3, np.float32))
    assert count_ops(freeze(with_head(backbone.layer, head)))["Mean"] == 1


@pytest.mark.parametrize("names", [("serving_default",), ("serve", "serving_default"), ("embed",)])
def test_a_module_with_signatures_alone_is_taken_by_the_one_that_is_meant(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    settings = save_module(tmp_path / "mean", lambda x: tf.reduce_mean(x, [1, 2]), SHAPE, names)
    assert_gives_means(load(settings, tmp_path))


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        ((), "can't be called, and has no signature; export it with the one"),
        (("one", "two"), "has the signatures one, two; export it with the one signature serving"),
    ],
)
def test_it_must_be_clear_which_signature_is_meant(
    names: tuple[str, ...], cause: str, tmp_path: Path
) -> None:
    settings = save_module(tmp_path / "mean", lambda x: tf.reduce_mean(x, [1, 2]), SHAPE, names)
    with pytest.raises(ModelError, match=f"the backbone given/mean .*{cause}"):
        load(settings, tmp_path)


def test_a_signature_with_several_inputs_is_refused_by_their_names(tmp_path: Path) -> None:
    module, spec = tf.Module(), tf.TensorSpec((None, 224, 224, 3), tf.float32)
    module.serve = tf.function(lambda x, y: tf.reduce_mean(x + y, [1, 2]), [spec, spec])
    tf.saved_model.save(module, str(tmp_path / "two"), {"serving_default": module.serve})
    with pytest.raises(ModelError, match=r"given/two takes 2 inputs \(x, y\); export it with one"):
        load(Settings(backbone=str(tmp_path / "two")), tmp_path)


@pytest.mark.parametrize("name", ["", "serving_default"])
@pytest.mark.parametrize("fixed", [1, 2])
def test_a_module_for_a_fixed_number_of_images_is_refused_with_the_librarys_reason(
    fixed: int, name: str, tmp_path: Path
) -> None:
    shape, names = (fixed, 224, 224, 3), (name,) if name else None
    settings = save_module(tmp_path / "fixed", lambda x: tf.reduce_mean(x, [1, 2]), shape, names)
    with pytest.raises(ModelError, match=rf"tried with {3 - fixed} \(TypeError: .*{fixed}, 224"):
        load(settings, tmp_path)


def test_a_module_that_makes_one_vector_of_all_images_is_refused(tmp_path: Path) -> None:
    settings = save_module(tmp_path / "one", lambda x: tf.reshape(x, [1, -1]))
    with pytest.raises(ModelError, match=r"returns \[1, 301056\] for 2 images, no vector for each"):
        load(settings, tmp_path)


def test_no_sizes_of_the_splits_make_tensorflow_warn(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stages.samples import Samples

    settings = save_module(tmp_path / "mean", lambda x: tf.reduce_mean(x, [1, 2]))
    monkeypatch.setattr(tf.get_logger(), "propagate", True)
    backbone = load(settings, tmp_path)
    for size in (17, 18, 19):
        images = np.zeros((size, 224, 224, 3), np.uint8)
        backbone.features(Samples(images, np.zeros(size, np.int64)), lambda done: None)
    assert "retracing" not in caplog.text


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


def test_a_module_with_folders_without_end_is_refused_in_one_line(tmp_path: Path) -> None:
    settings = save_module(tmp_path / "deep", lambda x: tf.reduce_mean(x, [1, 2]))
    make_deep(tmp_path / "deep" / "assets" / "more", levels=200)
    with pytest.raises(ModelError, match="is more than 64 folders deep in the folder"):
        load(settings, tmp_path)
