"""Each peer's models and backend, with the real packages, on a model of one convolution."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.common.backends.registry import LoadedModel, load
from stages.common.host.facts import cpu_flags
from stages.errors import ModelError
from stages.peers.convert import Conversion, convert
from stages.precisions import get_precision
from stages.samples import IMAGE_SHAPE, Samples

tf = pytest.importorskip("tensorflow")
openvino = pytest.importorskip("openvino")
onnxruntime = pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.image

MODELS = {"openvino": "{}.xml", "onnxruntime": "{}.onnx"}
CASES = [(peer, precision) for peer in MODELS for precision in ("fp32", "int8")]
CALIBRATION = 4


@pytest.fixture(scope="module")
def samples() -> Samples:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, *IMAGE_SHAPE), np.uint8)
    # Each a different shade, so that the classes are not all alike.
    return Samples(
        (images * np.linspace(0.8, 1, 5)[:, None, None, None]).astype(np.uint8), np.arange(5)
    )


@pytest.fixture(scope="module")
def saved_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(1)
    kernel = rng.standard_normal((3, 3, 3, 16)).astype(np.float32)
    head = rng.standard_normal((16, 3)).astype(np.float32)

    def classify(images: Any) -> dict[str, Any]:
        features = tf.nn.relu(tf.nn.conv2d(images, kernel, 2, "SAME"))
        return {"probabilities": tf.nn.softmax(tf.reduce_mean(features, [1, 2]) @ head)}

    path = tmp_path_factory.mktemp("saved") / "model"
    source = tf.TensorSpec((None, *IMAGE_SHAPE), tf.float32, name="images")
    signature = tf.function(classify, input_signature=[source])
    tf.saved_model.save(tf.Module(), str(path), signatures={"serving_default": signature})
    return path


@pytest.fixture(scope="module")
def expected(saved_model: Path, samples: Samples) -> Any:
    signature = tf.saved_model.load(str(saved_model)).signatures["serving_default"]
    return signature(images=tf.constant(samples.batch(0, 5)))["probabilities"].numpy()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, saved_model: Path, samples: Samples) -> Path:
    folder = tmp_path_factory.mktemp("peers")
    samples.save(folder / "calibration.npz")
    for peer in MODELS:
        convert(
            Conversion(
                peer=peer,
                saved_model=str(saved_model),
                calibration=str(folder / "calibration.npz"),
                calibration_samples=CALIBRATION,
                folder=str(folder / peer),
            )
        )
    return folder


@pytest.fixture(scope="module")
def loaded(models: Path) -> Callable[..., LoadedModel]:
    def of(peer: str, precision: str, file: str = "") -> LoadedModel:
        path = models / peer / MODELS[peer].format(file or precision)
        return load(peer, str(path), precision, threads=1)

    return of


@pytest.mark.parametrize(("peer", "precision"), CASES)
@pytest.mark.parametrize("size", [1, 5])
def test_it_classifies_as_the_saved_model_does(
    loaded: Callable[..., LoadedModel],
    samples: Samples,
    expected: Any,
    peer: str,
    precision: str,
    size: int,
) -> None:
    tolerance = 1e-4 if precision == "fp32" else 0.05
    answer = loaded(peer, precision)(samples.batch(0, size))
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, expected[:size], atol=tolerance)


@pytest.mark.parametrize(("peer", "precision"), CASES)
def test_an_answer_outlives_the_next(
    loaded: Callable[..., LoadedModel], samples: Samples, peer: str, precision: str
) -> None:
    model = loaded(peer, precision)
    first = model(samples.batch(0, 1))
    kept = first.copy()
    model(samples.batch(4, 1))
    np.testing.assert_array_equal(first, kept)
    assert model.trace(samples.batch(0, 1)) == []


def test_openvino_names_the_kernels_of_its_nodes(
    loaded: Callable[..., LoadedModel], samples: Samples
) -> None:
    nodes = loaded("openvino", "int8").kernels(samples.batch(0, 2))
    (convolution,) = [node for node in nodes if node.kind == "Convolution"]
    assert convolution.data_type in ("u8", "i8")
    assert convolution.kernel
    assert not {"Const", "Input", "Output"} & {node.kind for node in nodes}
    assert loaded("onnxruntime", "int8").kernels(samples.batch(0, 2)) == []


@pytest.mark.parametrize("peer", MODELS)
def test_int8_is_another_model(
    loaded: Callable[..., LoadedModel], samples: Samples, peer: str
) -> None:
    batch = samples.batch(0, 5)
    assert not np.array_equal(loaded(peer, "fp32")(batch), loaded(peer, "int8")(batch))


@pytest.mark.parametrize("peer", MODELS)
def test_what_is_no_model_is_refused(tmp_path: Path, peer: str) -> None:
    path = tmp_path / MODELS[peer].format("model")
    path.write_text("no model")
    with pytest.raises(ModelError, match="is no model that"):
        load(peer, str(path), "fp32", threads=1)


def test_openvino_that_does_not_run_the_precision_is_refused(
    loaded: Callable[..., LoadedModel], samples: Samples
) -> None:
    with pytest.raises(ModelError, match="in f32, not in int8"):
        loaded("openvino", "int8", file="fp32")(samples.batch(0, 1))


def test_a_model_without_convolutions_is_judged_by_its_matrix_products(
    tmp_path: Path, samples: Samples
) -> None:
    weights = np.random.default_rng(2).standard_normal((48, 3)).astype(np.float32)

    def classify(images: Any) -> dict[str, Any]:
        pixels = tf.reshape(images[:, ::56, ::56], [-1, 48])
        return {"probabilities": tf.nn.softmax(pixels @ weights)}

    source = tf.TensorSpec((None, *IMAGE_SHAPE), tf.float32, name="images")
    signature = tf.function(classify, input_signature=[source])
    saved = str(tmp_path / "saved")
    tf.saved_model.save(tf.Module(), saved, signatures={"serving_default": signature})
    samples.save(tmp_path / "calibration.npz")
    calibration, folder = str(tmp_path / "calibration.npz"), str(tmp_path / "openvino")
    convert(
        Conversion(
            peer="openvino",
            saved_model=saved,
            calibration=calibration,
            calibration_samples=CALIBRATION,
            folder=folder,
        )
    )
    for precision in ("fp32", "int8"):
        model = load("openvino", f"{folder}/{precision}.xml", precision, threads=1)
        assert model(samples.batch(0, 2)).shape == (2, 3)
    wrong = load("openvino", f"{folder}/fp32.xml", "int8", threads=1)
    with pytest.raises(ModelError, match=r"OpenVINO runs matrix products in f32, not in int8"):
        wrong(samples.batch(0, 1))


def test_openvino_runs_bf16_where_the_cpu_has_it(
    loaded: Callable[..., LoadedModel], samples: Samples, expected: Any
) -> None:
    model = loaded("openvino", "bf16", file="fp32")
    if get_precision("bf16").is_native_on(cpu_flags()):
        np.testing.assert_allclose(model(samples.batch(0, 5)), expected, atol=0.05)
    else:
        with pytest.raises(ModelError, match="not in bf16"):
            model(samples.batch(0, 1))


def test_onnxruntime_has_no_bf16_convolution(tmp_path: Path) -> None:
    """As the reason that peers gives says."""
    from onnx import TensorProto, helper, save

    image, kernel, result = (
        helper.make_tensor_value_info(name, TensorProto.BFLOAT16, shape)
        for name, shape in (("x", (1, 1, 4, 4)), ("w", (1, 1, 3, 3)), ("y", (1, 1, 2, 2)))
    )
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "conv", [image, kernel], [result])
    opsets = [helper.make_opsetid("", 22)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=10), tmp_path / "conv.onnx")
    with pytest.raises(ModelError, match="NOT_IMPLEMENTED"):
        load("onnxruntime", str(tmp_path / "conv.onnx"), "bf16", threads=1)
