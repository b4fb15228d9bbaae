"""The picture of a sweep: whole, the same for equal records, and safe from strangers' words."""

import re
from dataclasses import replace
from xml.etree import ElementTree as XML

from stages.sweep.picture import COLORS, draw
from stages.sweep.svg import MARKS
from tests.unit.records import HOST
from tests.unit.sweep.points import name, point, record

SVG = "{http://www.w3.org/2000/svg}"


def words(drawing: str) -> list[str]:
    return [it.text or "" for it in XML.fromstring(drawing).iter(f"{SVG}text")]


def test_it_has_a_line_for_each_layout_and_a_mark_for_each_point() -> None:
    made = record()
    root = XML.fromstring(draw(made))
    strokes = [it for it in root.iter(f"{SVG}polyline") if it.get("stroke-width") == "2"]
    assert len(strokes) == len(made.knees) == 4
    layouts = 2
    assert len([*root.iter(f"{SVG}polygon")]) == len(made.points) + layouts
    assert len([*root.iter(f"{SVG}circle")]) == len(made.knees)


def test_it_names_machine_model_time_and_what_its_marks_mean() -> None:
    text = " ".join(words(draw(record())))
    for said in ("A CPU", "2 cores", "VGG19", "2026-11-26 17:24 UTC", "95% interval", "knee"):
        assert said in text
    assert "1 x 2" in text
    assert "INT8, capped at AVX2: images/s" in text
    few = " ".join(words(draw(record(point([100.0, 101.0], 10, name(1))))))
    assert "2 rounds are too few for an interval of 95%" in few
    assert "95% interval" not in few
    once = " ".join(words(draw(record(point([100.0], 10, name(1))))))
    assert "one round: no interval" in once


def test_the_knee_and_both_ends_of_a_line_have_their_batch_size() -> None:
    of_one_line = [point([rate] * 5, ms, name(size)) for size, rate, ms in SERIES]
    numbers = [it for it in words(draw(record(*of_one_line))) if it in {"1", "2", "4", "8", "16"}]
    assert [it for it in numbers if it in {"1", "8", "16"}] != []
    labels = re.findall(r'fill="#0072b2" font-weight="normal">(\d+)<', draw(record(*of_one_line)))
    assert labels == ["1", "8", "16"]


SERIES = ((1, 40.0, 25.0), (2, 60.0, 33.0), (4, 80.0, 50.0), (8, 99.0, 81.0), (16, 100.0, 160.0))


def test_points_that_can_not_be_relied_on_are_crossed_and_counted() -> None:
    noisy = point([100.0, 150.0, 90.0, 140.0, 110.0], 10, name(1))
    drawing = draw(record(noisy, point([100.0] * 5, 20, name(2))))
    assert len([*XML.fromstring(drawing).iter(f"{SVG}path")]) == 1
    assert "INVALID, crossed: 1 of 2 points" in " ".join(words(drawing))
    assert "INVALID" not in draw(record())


def test_every_place_is_on_the_picture() -> None:
    root = XML.fromstring(draw(record()))
    width, height = (float(root.get(side, "")) for side in ("width", "height"))
    for shape in (*root.iter(f"{SVG}polyline"), *root.iter(f"{SVG}polygon")):
        for place in (shape.get("points") or "").split():
            x, y = map(float, place.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_equal_records_give_equal_bytes() -> None:
    assert draw(record()) == draw(record())


def test_what_a_stranger_wrote_is_no_part_of_the_drawing() -> None:
    host = replace(HOST, cpu_model='<script>alert("1")</script>\x1b & "')
    drawing = draw(replace(record(), host=host))
    assert "<script" not in drawing
    assert any("<script>" in line for line in words(drawing))


def test_as_many_layouts_as_are_tried_differ_in_colour_and_in_mark() -> None:
    assert len({*COLORS}) == len(COLORS) >= 6
    assert len(MARKS) >= 6


def test_a_single_point_is_drawn() -> None:
    assert XML.fromstring(draw(record(point([0.001] * 5, 0.2, name(1))))) is not None
