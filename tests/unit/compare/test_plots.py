"""Pictures need matplotlib, which only compare's image has."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from stages.compare.effects import compare
from stages.compare.inputs import Profiled
from tests.unit.compare.profiles import both_runtimes, profiled
from tests.unit.records import measured, profile

pytestmark = pytest.mark.image

ONE = profiled(
    profile(
        measured("fp32", "AVX512_CORE", 5.0),
        measured("int8", "AVX512_CORE", 20.0),
        measured("bf16", "AVX512_CORE", 2.0, verdict="emulated"),
        measured("int8_bf16", "AVX512_CORE", 19.0),
    )
)


def draw(profiles: Sequence[Profiled], folder: Path) -> dict[str, bytes]:
    from stages.compare.plots import plot_absolute, plot_ladder, plot_times

    folder.mkdir()
    plot_absolute(profiles[0].summaries, folder / "absolute.png")
    plot_times(profiles[0].summaries, folder / "times.png", profiles[0].runtime)
    plot_ladder(compare(profiles), folder / "ladder.png")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def size_of(path: Path) -> tuple[int, int]:
    from PIL import Image

    size: tuple[int, int] = Image.open(path).size
    return size


def test_pictures_are_images_with_something_on_them(tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    draw(ONE, tmp_path / "a")
    for path in (tmp_path / "a").iterdir():
        pixels = np.asarray(Image.open(path).convert("L"))
        assert pixels.shape[1] > 500
        assert 0.01 < (pixels < 200).mean() < 0.9, path


def test_each_runtime_has_a_panel(tmp_path: Path) -> None:
    draw(ONE, tmp_path / "one")
    draw(both_runtimes(), tmp_path / "two")
    one, two = (size_of(tmp_path / name / "ladder.png") for name in ("one", "two"))
    assert one[0] == two[0]
    assert 1.5 * one[1] < two[1] < 2 * one[1]


def test_equal_figures_give_equal_bytes(tmp_path: Path) -> None:
    assert draw(ONE, tmp_path / "a") == draw(ONE, tmp_path / "b")


def test_an_accuracy_of_zero_can_be_drawn(tmp_path: Path) -> None:
    cells = [measured(name, "AVX2", 5.0, top1=0.0) for name in ("fp32", "int8")]
    assert draw(profiled(profile(*cells)), tmp_path / "a")
