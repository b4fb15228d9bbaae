from dataclasses import replace

import pytest

from stages.common.figures import (
    beside,
    counted,
    ends_of_fraction,
    fraction_of_images,
    loss_ends,
    loss_in_words,
    milliseconds,
    multiple,
    percent,
    percent_beside,
    quantity,
)
from stages.common.text import aligned, intervals_over, network_of, origins, times, too_few, when
from stages.compare.answer import times_as_fast
from stages.records.accuracy import LossInterval
from stages.records.base import Interval, Source
from tests.unit.records import HOST

DATA = Source(name="embedded", sha256="d" * 64, origin="")


def test_columns_are_as_wide_as_their_widest_entry_and_lines_end_in_no_blanks() -> None:
    assert aligned([("a", "bb", "c"), ("aaa", "b", "")]) == "a    bb  c\naaa  b"


def test_a_backbone_of_ones_own_is_not_called_vgg19() -> None:
    host = replace(HOST, hypervisor=False)
    lines = {
        name: origins(host, Source(name=name, sha256="b" * 64, origin=""), DATA)[1]
        for name in ("embedded", "imagenet", "/models/resnet50")
    }
    assert lines["embedded"] == "model     VGG19, embedded backbone (bbbbbbbbbbbb)"
    assert lines["imagenet"].startswith("model     VGG19, imagenet")
    assert lines["/models/resnet50"] == "model     /models/resnet50 backbone (bbbbbbbbbbbb)"


def test_a_model_that_was_given_is_called_as_its_file_is() -> None:
    given = Source(name="given/my_beans.keras", sha256="b" * 64, origin="", whole=True)
    assert network_of(given) == "my_beans.keras"
    line = "model     my_beans.keras, as it was given (bbbbbbbbbbbb)"
    assert origins(HOST, given, DATA)[1] == line


def test_a_time_is_shown_to_the_minute() -> None:
    assert when("2026-11-26T17:24:05Z") == "2026-11-26 17:24 UTC"
    assert when("") == "at a time that was not recorded"


def test_the_type_of_the_machine_is_named_if_it_is_known() -> None:
    line = origins(replace(HOST, machine_type="m7i.xlarge"), DATA, DATA)[0]
    assert line == "host      A CPU, 2 cores pinned, Linux 6.1, virtual machine, m7i.xlarge"
    assert origins(HOST, DATA, DATA)[0].endswith("virtual machine")


@pytest.mark.parametrize(
    ("latency", "shown"),
    [
        (156.06, "156.1"),
        (19.53, "19.5"),
        (6.149, "6.15"),
        (0.2134, "0.213"),
        (0.06493, "0.0649"),
    ],
)
def test_a_short_latency_has_more_decimals(latency: float, shown: str) -> None:
    assert milliseconds(latency) == shown


@pytest.mark.parametrize(
    ("rounds", "said"),
    [
        ([1, 1], "one round: no interval"),
        ([2, 2], "2 rounds are too few for an interval of 95%"),
        ([2, 4], "2-4 rounds are too few for an interval of 95%"),
        ([4, 8], "95% intervals over 4 to 8 rounds, of which fewer than 5 are too few"),
        ([5, 5], "95% intervals over 5 rounds"),
    ],
)
def test_too_few_rounds_make_no_interval_of_95_percent(rounds: list[int], said: str) -> None:
    assert intervals_over(rounds) == said
    assert bool(too_few(*rounds)) == said.endswith("an interval of 95%")
    assert too_few() == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0.00"), (0.0031, "0.00310"), (0.31, "0.310"), (5.0, "5.00"), (156.06, "156.06")],
)
def test_a_small_figure_has_three_digits(value: float, shown: str) -> None:
    assert quantity(value) == shown


@pytest.mark.parametrize(
    ("value", "bound", "shown"),
    [(0.9996, 1.0, "0.9996"), (1.0, 1.0, "1.00"), (0.5447, 0.5449, "0.5447"), (0.9, 1.0, "0.90")],
)
def test_a_value_does_not_read_as_a_bound_that_it_is_not(
    value: float, bound: float, shown: str
) -> None:
    assert beside(value, bound) == shown


def test_a_fraction_beside_a_bound_is_on_the_side_that_it_is_on() -> None:
    assert percent_beside(0.0204, 0.02) == "2.04%"
    assert percent_beside(-0.0504, 0.05, sign="+") == "-5.04%"
    assert percent_beside(0.799, 0.8) == "79.9%"
    assert percent_beside(0.05, 0.05) == "5%"
    assert percent_beside(0.3, 0.02) == "30%"
    assert loss_in_words(0.010003, 0.01) == "+1.0003%"


@pytest.mark.parametrize(
    ("right", "images", "shown"),
    [
        (150, 150, "100.0%"),
        (149, 150, "99.3%"),
        (0, 150, "0.0%"),
        (49_999, 50_000, "99.998%"),
        (35_488, 50_000, "70.98%"),
        (50_000, 50_000, "100.00%"),
    ],
)
def test_only_all_images_are_100_percent(right: int, images: int, shown: str) -> None:
    assert fraction_of_images(right / images, images) == shown
    assert (fraction_of_images(right / images) == "100.0%") == (right == images)


def test_an_end_of_an_interval_is_100_percent_only_if_it_is_all_images() -> None:
    assert ends_of_fraction(Interval(estimate=0.99, low=0.963, high=0.99983), 150) == "96.3-99.98"
    assert ends_of_fraction(Interval(estimate=1.0, low=0.976, high=1.0), 150) == "97.6-100.0"


@pytest.mark.parametrize(
    ("high", "shown"), [(0.0103, "-1.03% to +1.03%"), (0.00991, "-0.99% to +0.99%")]
)
def test_the_ends_of_a_loss_do_not_read_as_the_bound_that_decides(high: float, shown: str) -> None:
    assert loss_ends(LossInterval(low=-high, high=high), 0.01) == shown
    assert loss_ends(LossInterval(low=-0.043, high=0.062), 0.01) == "-4.3% to +6.2%"


@pytest.mark.parametrize(
    ("given", "shown"), [(0.01, "1%"), (0.0025, "0.25%"), (0.1025, "10.25%"), (0.07, "7%")]
)
def test_a_bound_is_shown_as_it_was_given(given: float, shown: str) -> None:
    assert percent(given) == shown


def test_a_small_ratio_has_three_digits() -> None:
    ratio = Interval(estimate=0.0146, low=0.00292, high=0.02)
    assert times(ratio, once=False) == "0.0146x (0.00292-0.0200)"
    assert multiple(0.1) == "0.10"


def test_an_end_of_a_ratio_that_is_not_1_does_not_read_as_1() -> None:
    ratio = Interval(estimate=0.996, low=0.992, high=0.9998)
    assert times(ratio, once=False) == "1.00x (0.99-0.9998)"
    assert times_as_fast(ratio, "FP32", once=False) == "1.00 times (0.99 to 0.9998) as fast as FP32"
    same = Interval(estimate=1.0, low=1.0, high=1.0)
    assert times(same, once=False) == "1.00x (1.00-1.00)"


def test_one_thing_is_counted_as_one() -> None:
    assert [counted(number, "core") for number in (0, 1, 2)] == ["0 cores", "1 core", "2 cores"]
    assert counted(2, "more class", "more classes") == "2 more classes"
    assert "1 core pinned" in origins(replace(HOST, cores_pinned=[3]), DATA, DATA)[0]
