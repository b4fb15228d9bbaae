import logging
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stages.errors import ModelError
from stages.quantize import compressor as module
from stages.quantize.compressor import CalibrationLoader, Compressor
from stages.records.quantize import Recipe
from stages.samples import Samples
from tests.unit.quantize.parts import RECIPE, Node, chain, ops_of_type


def samples(count: int) -> Samples:
    rising = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return Samples(rising * np.ones((1, 224, 224, 3), np.uint8), np.arange(count))


def test_every_calibration_image_is_used_once() -> None:
    loader = CalibrationLoader(samples(5), 2)
    batches = list(loader)
    assert len(loader) == len(batches) == 3
    assert np.concatenate([labels for _, labels in batches]).tolist() == [0, 1, 2, 3, 4]
    brightness = [float(image.max()) * 255 for images, _ in batches for image in images]
    assert brightness == pytest.approx([0, 1, 2, 3, 4])


def test_calibration_can_be_repeated() -> None:
    loader = CalibrationLoader(samples(3), 3)
    first, second = (next(iter(loader))[0] for _ in range(2))
    assert np.array_equal(first, second)


class Calibrated(Compressor):
    """Writes the number of a calibration in place of it; `calibrations` are those asked for."""

    def __init__(self, folder: Path, *, fuses_qdq: bool) -> None:
        self.fuses_qdq, self.graph, self._folder = fuses_qdq, chain(), folder
        self._calibrated, self._model = {}, folder / "fp32"
        self.calibrations: list[Recipe] = []

    def _calibrate(self, recipe: Recipe, destination: Path) -> None:
        self.calibrations.append(recipe)
        destination.mkdir()
        (destination / "saved_model.pb").write_text(str(len(self.calibrations)))


class Rewriting:
    """Keeps what a rewriting is asked for, and refuses to share any scale."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], list[str]]] = []

    def __call__(self, model: Path, *, shared: tuple[str, ...], in_fp32: list[str]) -> list[str]:
        assert (model / "saved_model.pb").is_file()
        self.asked.append((list(shared), list(in_fp32)))
        return list(shared)


@pytest.fixture
def rewriting(monkeypatch: pytest.MonkeyPatch) -> Rewriting:
    stand_in = Rewriting()
    monkeypatch.setattr(module, "rewrite", stand_in)
    return stand_in


class GivingUp(Compressor):
    """Has a model and an image, and all else that calibrating takes."""

    def __init__(self, folder: Path) -> None:
        self._model, self._folder = folder / "fp32", folder
        self._loader, self._calibrated = CalibrationLoader(samples(1), 1), {}
        self.fuses_qdq, self.graph = True, chain()


@pytest.mark.parametrize(
    ("logged", "reason"),
    [
        (["Fail to quantize graph due to\n  Multiple Op", "later"], "due to Multiple Op"),
        ([], r"AttributeError\('no graph_def'\)"),
    ],
)
def test_why_neural_compressor_gave_up_is_the_first_error_that_it_logged(
    logged: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quantize_model(*_: Any, **__: Any) -> None:
        for text in logged:
            logging.getLogger("neural_compressor").error(text)
        raise AttributeError("no graph_def")

    library = SimpleNamespace(quantize_model=quantize_model, StaticQuantConfig=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "neural_compressor", SimpleNamespace(tensorflow=library))
    monkeypatch.setitem(sys.modules, "neural_compressor.tensorflow", library)
    utils = SimpleNamespace(Model=str)
    monkeypatch.setitem(sys.modules, "neural_compressor.tensorflow.utils", utils)
    with pytest.raises(ModelError, match=reason):
        GivingUp(tmp_path).write_model(recipe(), tmp_path / "made")


def recipe(left_out: tuple[str, ...] = (), shared: tuple[str, ...] = ()) -> Recipe:
    return Recipe(algorithm="kl", granularity="per_tensor", left_out=left_out, shared=shared)


def test_with_itex_one_calibration_serves_all_choices_of_ops(
    tmp_path: Path, rewriting: Rewriting
) -> None:
    compressor = Calibrated(tmp_path, fuses_qdq=True)
    assert compressor.write_model(recipe(shared=("pool",)), tmp_path / "a") == ["pool"]
    assert compressor.write_model(recipe(left_out=("conv2", "head", "pool")), tmp_path / "b") == []
    assert compressor.calibrations == [recipe(left_out=("pool",))]
    assert rewriting.asked == [(["pool"], []), ([], ["conv2", "head"])]
    assert (tmp_path / "a" / "saved_model.pb").read_text() == "1"


def test_another_algorithm_or_pools_in_8_bits_are_calibrated_anew(
    tmp_path: Path, rewriting: Rewriting
) -> None:
    compressor = Calibrated(tmp_path, fuses_qdq=True)
    recipes = [recipe(), recipe(left_out=("pool",)), RECIPE]
    folders = [tmp_path / name for name in "abc"]
    for asked, folder in zip(recipes, folders, strict=True):
        compressor.write_model(asked, folder)
    assert compressor.calibrations == recipes
    assert [(folder / "saved_model.pb").read_text() for folder in folders] == list("123")


def test_stock_tensorflows_graph_is_left_as_it_is_calibrated(
    tmp_path: Path, rewriting: Rewriting
) -> None:
    compressor = Calibrated(tmp_path, fuses_qdq=False)
    assert compressor.write_model(recipe(left_out=("pool", "conv2")), tmp_path / "a") == []
    assert compressor.calibrations == [recipe(left_out=("conv2", "pool"))]
    assert rewriting.asked == []


@pytest.mark.parametrize(
    ("fuses_qdq", "model", "name"),
    [(True, "int8", "folded"), (True, "fp32", "conv1"), (False, "int8", "conv1")],
)
def test_a_recipes_names_are_those_of_the_graph_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fuses_qdq: bool, model: str, name: str
) -> None:
    made = SimpleNamespace(node=[Node("folded", "Conv2D")])
    monkeypatch.setattr(module, "read_graph", lambda path: made)
    graph = Calibrated(tmp_path, fuses_qdq=fuses_qdq).graph_of(tmp_path / model)
    assert ops_of_type(graph, "Conv2D")[0] == name


@pytest.mark.parametrize("op", ["conv2", "folded"])
def test_with_itex_all_but_ops_that_calibration_must_know_return_to_fp32_later(
    tmp_path: Path, rewriting: Rewriting, op: str
) -> None:
    compressor = Calibrated(tmp_path, fuses_qdq=True)
    compressor.write_model(recipe(left_out=(op,)), tmp_path / "a")
    assert (compressor.calibrations, rewriting.asked) == ([recipe()], [([], [op])])
