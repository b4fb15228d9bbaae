"""Figures one at a time beside those in batches."""

from dataclasses import replace

import pytest

from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile
from stages.compare.page.scaling import batches, batches_of, latencies, limits
from stages.compare.page.seen import Seen
from stages.records.base import Interval
from stages.records.cell import Reason, Validity
from tests.unit.compare.profiles import DRIFTED, DRIFTED_LATENCY, of_one_round, profiled
from tests.unit.compare.test_limits import ROOFLINE
from tests.unit.records import measured, measurement, profile, run


def rows(profiles: list[RuntimeProfile]) -> list[list[str]]:
    return batches(Seen(compare(profiles), profiles))


@pytest.mark.parametrize(
    ("reasons", "marks"),
    [
        ([], [False, False, False]),
        ([DRIFTED_LATENCY], [True, False, True]),
        ([DRIFTED], [False, True, True]),
    ],
)
def test_what_is_made_of_invalid_figures_is_marked(
    reasons: list[Reason], marks: list[bool]
) -> None:
    verdict = Validity(valid=not reasons, reasons=reasons)
    ((_, *figures),) = rows(profiled(profile(measured("int8", "AVX2", 20.0, validity=verdict))))
    assert [text.endswith(", INVALID") for text in figures] == marks


@pytest.mark.parametrize(
    ("reasons", "mark"), [([], ""), ([DRIFTED_LATENCY], ""), ([DRIFTED], ", INVALID")]
)
def test_a_rate_of_operations_is_invalid_with_the_throughput_that_it_is_of(
    reasons: list[Reason], mark: str
) -> None:
    verdict = Validity(valid=not reasons, reasons=reasons)
    own = replace(measured("int8", "AVX2", 20.0, validity=verdict), roofline=ROOFLINE)
    profiles = profiled(profile(own))
    ((_, achieved, *_),) = limits(Seen(compare(profiles), profiles))
    assert achieved == f"{ROOFLINE.achieved_gops:.0f}{mark}"


def test_a_rate_that_comes_of_a_latency_and_a_gain_have_the_intervals_of_their_rounds() -> None:
    stream = measurement(20.0).single_stream
    runs = [run(rate, number) for number, rate in enumerate((20.0, 25.0, 40.0), 1)]
    p50 = Interval(estimate=40.0, low=25.0, high=50.0)
    late = replace(stream, latency_p50_ms=p50, runs=runs)
    ((_, alone, offline, gain),) = rows(
        profiled(profile(measured("int8", "AVX2", 50.0, single_stream=late)))
    )
    assert alone == "25.00 (20.00-40.00)"
    assert offline == "50.00 (50.00-50.00)"
    assert gain == "2.00x (1.25-2.50)"


def test_a_gain_is_the_ratio_of_the_figures_beside_it() -> None:
    stream = measurement(20.0).single_stream
    runs = [run(rate, number) for number, rate in enumerate((20.0, 50.0), 1)]
    p50 = Interval(estimate=35.0, low=20.0, high=50.0)
    late = replace(stream, latency_p50_ms=p50, runs=runs)
    ((_, alone, _, gain),) = rows(
        profiled(profile(measured("int8", "AVX2", 50.0, single_stream=late)))
    )
    assert alone.startswith("28.57 ")
    assert gain.startswith("1.75x ")


def test_the_size_of_a_batch_is_in_the_head_if_all_have_one() -> None:
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 20.0)]
    seen = Seen(compare(profiled(profile(*cells))), profiled(profile(*cells)))
    assert batches_of(seen) == "images/s in batches of 8"
    made = measurement(20.0)
    other = replace(made, offline=replace(made.offline, batch_size=16))
    unlike = profiled(profile(cells[0], replace(cells[1], measurement=other)))
    assert batches_of(Seen(compare(unlike), unlike)) == "images/s in batches"
    assert [row[2] for row in rows(unlike)] == [
        "5.00 (5.00-5.00) in batches of 8",
        "20.00 (20.00-20.00) in batches of 16",
    ]


def test_after_one_round_figures_have_no_interval_but_say_so() -> None:
    (_, row) = rows(of_one_round())
    assert row[1:] == [
        "20.00 (one round)",
        "20.00 (one round)",
        "1.00x (one round)",
    ]


def test_short_latencies_have_as_many_digits_as_long_ones() -> None:
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 15400.0)]
    profiles = profiled(profile(*cells))
    medians = [row[1] for row in latencies(Seen(compare(profiles), profiles))]
    assert medians == ["200.0 (200.0-200.0)", "0.0649 (0.0649-0.0649)"]
