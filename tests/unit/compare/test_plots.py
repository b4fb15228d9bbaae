"""Pictures need matplotlib, which only compare's image has."""

from pathlib import Path

import pytest

from stages.compare.effects import compare
from stages.profile.summary import summaries
from stages.records import ProfileRecord
from tests.unit.records import measured, profile

pytestmark = pytest.mark.image


@pytest.fixture
def record() -> ProfileRecord:
    return profile(
        measured("fp32", "AVX512_CORE", 5.0),
        measured("int8", "AVX512_CORE", 20.0),
        measured("bf16", "AVX512_CORE", 2.0, verdict="emulated"),
    )


def draw(record: ProfileRecord, folder: Path) -> dict[str, bytes]:
    from stages.compare.plots import plot_absolute, plot_ladder, plot_times

    folder.mkdir()
    plot_absolute(summaries(record), folder / "absolute.png")
    plot_times(summaries(record), folder / "times.png")
    plot_ladder(compare(record, ""), folder / "ladder.png")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_pictures_are_images_with_something_on_them(record: ProfileRecord, tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    draw(record, tmp_path / "a")
    for path in (tmp_path / "a").iterdir():
        pixels = np.asarray(Image.open(path).convert("L"))
        assert pixels.shape[1] > 500
        assert 0.01 < (pixels < 200).mean() < 0.9, path


def test_equal_figures_give_equal_bytes(record: ProfileRecord, tmp_path: Path) -> None:
    assert draw(record, tmp_path / "a") == draw(record, tmp_path / "b")


def test_an_accuracy_of_zero_can_be_drawn(tmp_path: Path) -> None:
    cells = [measured(name, "AVX2", 5.0, accuracy=0.0) for name in ("fp32", "int8")]
    assert draw(profile(*cells), tmp_path / "a")
