"""Pictures need matplotlib, which only compare's image has."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile
from stages.compare.models import models_of
from stages.records.base import Interval
from stages.records.cell import Validity
from stages.records.rehearse import REHEARSED
from tests.unit.compare.profiles import DRIFTED, UNEQUAL, both_runtimes, profiled
from tests.unit.records import measured, profile, repeat
from tests.unit.rehearse.recordings import rehearsal

pytestmark = pytest.mark.image

ONE = profiled(
    profile(
        measured("fp32", "AVX512_CORE", 5.0),
        measured("int8", "AVX512_CORE", 20.0),
        measured("bf16", "AVX512_CORE", 2.0, verdict="emulated"),
        measured("int8_bf16", "AVX512_CORE", 19.0),
    )
)


def draw(profiles: Sequence[RuntimeProfile], folder: Path) -> dict[str, bytes]:
    from stages.compare.models_plot import plot_absolute, plot_times
    from stages.compare.plots import plot_ladder

    folder.mkdir()
    record = compare(profiles)
    (models, *_) = models_of(record, {one.runtime: one.summaries for one in profiles})
    plot_absolute(models, folder / "absolute.png")
    plot_times(models, folder / "times.png")
    plot_ladder(record, folder / "ladder.png")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def red(path: Path) -> int:
    """Return how many pixels are as red as a caution."""
    import numpy as np
    from PIL import Image

    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    return int(((pixels[..., 0] > 150) & (pixels[..., 1:].max(axis=2) < 60)).sum())


def size_of(path: Path) -> tuple[int, int]:
    from PIL import Image

    with Image.open(path) as image:
        size: tuple[int, int] = image.size
    return size


def test_pictures_are_images_with_something_on_them(tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    draw(ONE, tmp_path / "a")
    for path in (tmp_path / "a").glob("*.png"):
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("L"))
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


def test_what_is_not_to_be_relied_on_is_said_on_the_picture(tmp_path: Path) -> None:
    bad = Validity(valid=False, reasons=[DRIFTED])
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0, validity=bad)]
    doubtful = profiled(replace(profile(*cells), repeat=repeat(trusted=False, reasons=[UNEQUAL])))
    sound = profiled(profile(measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0)))
    one, other = draw(doubtful, tmp_path / "a"), draw(sound, tmp_path / "b")
    assert red(tmp_path / "a" / "ladder.png") > 100
    assert [name for name in one if one[name] == other[name]] == []
    assert red(tmp_path / "b" / "ladder.png") == red(tmp_path / "b" / "absolute.png") == 0


def test_an_accuracy_of_zero_can_be_drawn(tmp_path: Path) -> None:
    cells = [measured(name, "AVX2", 5.0, top1=0.0) for name in ("fp32", "int8")]
    assert draw(profiled(profile(*cells)), tmp_path / "a")


def test_what_is_undefined_is_called_that(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from stages.compare import models_plot

    figures: list[Any] = []
    monkeypatch.setattr(models_plot, "save_with", lambda figure, *_: figures.append(figure))
    cells = [measured("fp32", "AVX2", 5.0, top1=0.0), measured("int8", "AVX2", 9.0)]
    (one,) = profiled(profile(*cells))
    (models,) = models_of(compare([one]), {"itex": one.summaries})
    models_plot.plot_times(models, tmp_path / "times.png")
    accuracy = figures[0].axes[0]
    assert [bar.get_height() for bar in accuracy.patches] == [1.0, 0.0]
    assert [text.get_text() for text in accuracy.texts] == ["1.00x", "undefined"]


def test_only_what_has_an_interval_has_one_drawn_and_no_axis_ends_beyond_what_can_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import numpy as np

    from stages.compare import models_plot

    shown: list[tuple[Any, str]] = []
    monkeypatch.setattr(
        models_plot, "save_with", lambda figure, *texts: shown.append((figure, texts[-1]))
    )
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 9.0, top1=0.99)]
    (one,) = profiled(profile(*cells))
    (models,) = models_of(compare([one]), {"itex": one.summaries})
    models_plot.plot_times(models, tmp_path / "times.png")
    models_plot.plot_absolute(models, tmp_path / "absolute.png")
    (times, of_times), (absolute, of_absolute) = shown
    for axes in times.axes:
        (ends,) = (bars.get_segments() for bars in axes.collections)
        assert [len(end) > 0 and bool(np.isfinite(end).all()) for end in ends] == [False, True]
    top1 = times.axes[0].texts[1].get_text()
    assert top1 == "0.99x\n(0.94-1.04)"
    assert max(absolute.axes[0].get_yticks()) == 1.0
    assert "exact 95% intervals (Clopper-Pearson) over 100 images" in of_absolute
    assert "(Clopper-Pearson) over 100 images" in of_times


@pytest.mark.parametrize("cpu", ["$x_{$", "\\frac{", "\x1b[2J\n", "\u4e2d\u6587", "n" * 100_000])
def test_a_cpu_of_any_name_is_drawn(tmp_path: Path, cpu: str) -> None:
    (one,) = ONE
    record = replace(one.record, host=replace(one.record.host, cpu_model=cpu))
    assert draw([replace(one, record=record)], tmp_path / "odd")


def test_an_interval_that_does_not_have_its_estimate_is_drawn(tmp_path: Path) -> None:
    beyond = Interval(estimate=5.0, low=6.0, high=7.0)
    cell = measured("fp32", "AVX512_CORE", 5.0)
    assert cell.measurement
    offline = replace(cell.measurement.offline, throughput_images_per_s=beyond)
    odd = replace(cell, measurement=replace(cell.measurement, offline=offline))
    assert draw(profiled(profile(odd, measured("int8", "AVX512_CORE", 20.0))), tmp_path / "odd")


@pytest.mark.parametrize("count", [1, 2])
def test_a_rehearsal_is_drawn_with_what_it_is(tmp_path: Path, count: int) -> None:
    from matplotlib.figure import Figure

    from stages.compare import rehearsal_plot

    record = rehearsal(tmp_path / "rehearse")
    record = replace(record, cells=record.cells[:count])
    drawn: list[Figure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rehearsal_plot, "save", lambda figure, path: drawn.append(figure))
        rehearsal_plot.plot_rehearsal(record, tmp_path / "rehearsal.png")
    (figure,) = drawn
    assert REHEARSED in figure.get_suptitle()
    for axes, cell in zip(figure.axes, record.cells, strict=True):
        words = [text.get_text() for text in axes.texts]
        assert len(words) == len(cell.layers)
        assert words.count("off AMX") == sum(not layer.on_amx for layer in cell.layers)
        assert "bound in all" in axes.get_title()


@pytest.mark.parametrize("count", [1, 2])
def test_nothing_of_what_it_is_lies_outside_of_the_picture(tmp_path: Path, count: int) -> None:
    from matplotlib.figure import Figure

    from stages.compare import rehearsal_plot

    def check(figure: Figure, _: Path) -> None:
        figure.draw_without_rendering()
        for text in figure.texts:
            box = text.get_window_extent()
            assert box.x0 > 0, text
            assert box.x1 < figure.bbox.width, text

    record = rehearsal(tmp_path / "rehearse")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rehearsal_plot, "save", check)
        rehearsal_plot.plot_rehearsal(replace(record, cells=record.cells[:count]), tmp_path)


def test_the_picture_of_a_rehearsal_is_the_same_each_time(tmp_path: Path) -> None:
    from stages.compare.rehearsal_plot import plot_rehearsal

    record = rehearsal(tmp_path / "rehearse")
    paths = [tmp_path / f"{name}.png" for name in ("one", "two")]
    for path in paths:
        plot_rehearsal(record, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert min(size_of(paths[0])) > 400


def test_a_layer_on_amx_is_never_called_off_it_and_many_are_not_all_drawn(tmp_path: Path) -> None:
    from stages.compare import rehearsal_plot

    record = rehearsal(tmp_path / "rehearse")
    cell = record.cells[0]
    unknown, far = (replace(cell.layers[0], bound=bound) for bound in (None, 30.0))
    many = replace(cell, layers=[unknown, far, *[cell.layers[1]] * 500])
    drawn: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rehearsal_plot, "save", lambda figure, path: drawn.append(figure))
        rehearsal_plot.plot_rehearsal(replace(record, cells=[many]), tmp_path)
    (axes,) = drawn[0].axes
    words = [text.get_text() for text in axes.texts]
    assert (words[0], words[1], len(words)) == ("bound not known", "30.0", 200)
    assert "302 more layers not drawn" in axes.get_title()
    assert axes.get_xlim()[1] > 30
