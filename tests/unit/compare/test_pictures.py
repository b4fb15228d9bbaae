"""Pictures for which not every record has data; they need matplotlib."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from stages.artifacts import Artifacts
from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile
from stages.compare.page.seen import Seen
from stages.records.base import Interval
from stages.records.cell import Cell, Measurement
from stages.records.profile import Layout, LayoutTrial
from stages.stage_folders import CompareFolder
from tests.unit.compare.profiles import profiled
from tests.unit.compare.test_layers import primitive, traced
from tests.unit.records import measured, profile, run

pytestmark = pytest.mark.image


def full() -> list[RuntimeProfile]:
    """Return a profile with traces, of which several layouts were tried."""
    fp32 = [primitive("convolution", 8.0, 4_000_000), primitive("pooling", 1.0, 0)]
    int8 = [primitive("reorder", 0.5, 0), primitive("convolution", 2.0, 4_000_000)]
    tried = [
        LayoutTrial(
            layout=Layout(num_instances=instances, cores_per_instance=2 // instances),
            throughput_images_per_s=Interval(estimate=5.0, low=4.0, high=7.0),
            overlap=1.0,
            runs=[run(5.0, number) for number in (1, 2)],
        )
        for instances in (1, 2)
    ]
    cells = traced("fp32", *fp32), traced("int8", *int8)
    return profiled(replace(profile(*cells), tried=tried))


def draw(folder: Path) -> Seen:
    from stages.compare.draw import draw as draw_all

    profiles = full()
    folder.mkdir()
    seen = Seen(compare(profiles), profiles)
    draw_all(CompareFolder(folder), seen)
    return seen


def words(path: Path) -> str:
    """Return all text of an SVG on one line."""
    return " ".join("".join(ElementTree.parse(path).getroot().itertext()).split())


def test_all_are_drawn_as_png_and_as_svg_and_are_on_the_page(tmp_path: Path) -> None:
    from stages.compare.page.render import write_page

    out = CompareFolder(tmp_path / "compare")
    seen = draw(out.path)
    pictures = (out.latency, out.layers, out.instances, out.ladder)
    for path in pictures:
        assert path.is_file()
        assert path.with_suffix(".svg") in out.drawings
    write_page(out, seen, Artifacts(tmp_path / "none"))
    page = out.page.read_text()
    assert page.count("<svg ") == 6
    assert "2 x 1 cores" in page
    assert "all reorder" in page


def test_each_says_when_and_on_what_it_was_measured_and_what_its_intervals_are(
    tmp_path: Path,
) -> None:
    draw(tmp_path / "compare")
    for path in (tmp_path / "compare").glob("*.svg"):
        text = words(path)
        assert "A CPU, 2 cores" in text, path
        assert "2026-11-26 17:24 UTC" in text, path
        assert ("batches of 8" in text) == (path.stem != "latency"), path
        assert ("for an interval of 95%" in text) == (path.stem != "layers"), path
    assert "no interval" in words(tmp_path / "compare" / "layers.svg")


def test_each_counts_the_rounds_of_the_scenarios_that_it_shows(tmp_path: Path) -> None:
    from stages.compare.draw import draw as draw_all

    once_more = [
        replace(cell, measurement=one_more_offline(cell)) for cell in full()[0].record.cells
    ]
    profiles = profiled(replace(full()[0].record, cells=once_more))
    draw_all(CompareFolder(tmp_path), Seen(compare(profiles), profiles))
    offline, single = "batches of 8: 3 rounds are too few", "at a time: 2 rounds are too few"
    for name, expected in (
        ("latency", (False, True)),
        ("precision_isa", (True, False)),
        ("fp32_int8_absolute", (True, True)),
        ("fp32_int8_times", (True, True)),
    ):
        text = words(tmp_path / f"{name}.svg")
        assert (offline in text, single in text) == expected, name


def test_bars_of_slow_and_of_fast_models_have_labels_that_differ(tmp_path: Path) -> None:
    from stages.compare.draw import draw as draw_all

    cells = [measured("fp32", "AVX2", 0.0031), measured("int8", "AVX2", 15400.0)]
    profiles = profiled(profile(*cells))
    draw_all(CompareFolder(tmp_path), Seen(compare(profiles), profiles))
    assert "0.00310" in words(tmp_path / "precision_isa.svg")
    assert "0.0649" in words(tmp_path / "latency.svg")
    of_both = words(tmp_path / "fp32_int8_absolute.svg")
    assert "0.00310" in of_both
    assert "0.0649" in of_both


def test_cells_of_unlike_rounds_are_said_to_be_of_the_fewest_to_the_most(tmp_path: Path) -> None:
    from stages.compare.draw import draw as draw_all

    first, *others = full()[0].record.cells
    cells = [replace(first, measurement=one_more_offline(first)), *others]
    profiles = profiled(replace(full()[0].record, cells=cells))
    draw_all(CompareFolder(tmp_path), Seen(compare(profiles), profiles))
    assert "2-3 rounds are too few for an interval of 95%" in words(tmp_path / "precision_isa.svg")


def one_more_offline(cell: Cell) -> Measurement:
    """Return the measurement of a cell, with one offline round more than it has."""
    assert cell.measurement
    runs = cell.measurement.offline.runs
    more = replace(cell.measurement.offline, runs=[*runs, run(5.0, len(runs) + 1)])
    return replace(cell.measurement, offline=more)


def test_they_have_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        draw(tmp_path / name)
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert one == two


def test_a_picture_of_two_runtimes_says_when_and_over_how_many_rounds_of_each() -> None:
    from stages.compare.pictures.drawing import caption_of

    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 20.0)]
    few = profiled(profile(*cells))
    others = profiled(replace(profile(*map(of_seven_rounds, cells)), runtime="stock"))
    said = caption_of([*few, *others], "offline")
    assert " UTC (itex), " in said
    assert " UTC (stock); " in said
    assert said.endswith("95% intervals over 2 to 7 rounds, of which fewer than 5 are too few")
    assert caption_of(others, "offline").endswith("95% intervals over 7 rounds")


def of_seven_rounds(cell: Cell) -> Cell:
    assert cell.measurement
    runs = [run(5.0, number) for number in range(1, 8)]
    offline = replace(cell.measurement.offline, runs=runs)
    return replace(cell, measurement=replace(cell.measurement, offline=offline))
