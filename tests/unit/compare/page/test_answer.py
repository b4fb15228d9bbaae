"""The first sentence of the page, and what is said before it."""

from dataclasses import replace

import pytest

from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile
from stages.compare.page.answer import Answer, answer
from stages.compare.page.seen import Seen
from stages.isa import AMX
from stages.records.base import Interval, Source
from stages.records.cell import Cell, Measurement, Offline, Validity
from stages.records.profile import ProfileRecord
from tests.unit.compare.profiles import (
    DRIFTED,
    DRIFTED_LATENCY,
    UNEQUAL,
    impossible,
    in_groups,
    of_few_rounds,
    of_one_round,
    profiled,
)
from tests.unit.records import batches, measured, profile, repeat, run

VNNI = "AVX512_CORE_VNNI"
LACKING = "no amx_tile amx_int8 flags"
RATES = {"fp32": 10.0, "bf16": 40.0, "int8": 100.0}


def said(profiles: list[RuntimeProfile]) -> Answer:
    return answer(Seen(compare(profiles), profiles))


def with_rates(precision: str, isa: str, *rates: float) -> Cell:
    """Return a cell that had these images/s in its rounds."""
    cell = measured(precision, isa, rates[0] or 1.0)
    assert cell.measurement
    done = [batches(0.2, 0.2)]
    runs = [
        replace(run(1.0, number, instances=done), rate_per_s=rate)
        for number, rate in enumerate(rates, 1)
    ]
    rate = Interval(estimate=rates[0], low=min(rates), high=max(rates))
    offline = Offline(batch_size=8, throughput_images_per_s=rate, runs=runs)
    return replace(cell, measurement=replace(cell.measurement, offline=offline))


def test_a_machine_without_amx_owes_it_nothing() -> None:
    cells = [
        measured("fp32", VNNI, 5.0),
        measured("int8", VNNI, 20.0),
        impossible("int8", AMX, LACKING),
    ]
    sentence = said(profiled(profile(*cells))).sentence
    assert "INT8 at AVX-512 VNNI: 20.00 images/s, 4.00 times as fast (95% interval" in sentence
    assert "AMX has no part in it, as this machine shows none" in sentence


def test_what_amx_adds_is_held_against_the_highest_cap_without_it() -> None:
    cells = [measured("fp32", VNNI, 5.0), measured("int8", VNNI, 20.0), measured("int8", AMX, 40.0)]
    sentence = said(profiled(profile(*cells))).sentence
    assert (
        "AMX makes INT8 2.00 times as fast (95% interval 2.00 to 2.00) as AVX-512 VNNI" in sentence
    )


def test_an_interval_with_1_in_it_shows_no_effect_of_amx() -> None:
    cells = [with_rates("int8", VNNI, 20.0, 22.0), with_rates("int8", AMX, 22.0, 20.0)]
    assert "no effect of AMX on INT8 is shown" in said(profiled(profile(*cells))).sentence


def test_cells_that_ran_the_same_kernels_are_none_of_amx() -> None:
    same = replace(measured("fp32", AMX, 5.0), same_as=VNNI, measurement=None)
    sentence = said(profiled(profile(measured("fp32", VNNI, 5.0), same))).sentence
    assert "the very kernels of a lower cap ran, so AMX has no part in it" in sentence


@pytest.mark.parametrize(
    ("cells", "words"),
    [([impossible("int8", AMX, "left out")], "AMX was not measured: left out"), ([], "not asked")],
)
def test_why_amx_was_not_measured_is_said(cells: list[Cell], words: str) -> None:
    assert words in said(profiled(profile(measured("fp32", VNNI, 5.0), *cells))).sentence


def test_after_one_round_there_is_no_interval() -> None:
    found = said(of_one_round())
    assert "(one round: no interval)" in found.sentence
    assert "95%" not in found.sentence
    assert "THIS RUN IS NOT TO BE TRUSTED" in found.cautions[0]


def test_too_few_rounds_make_no_interval_of_95_percent() -> None:
    sentence = said(of_few_rounds(3)).sentence
    assert "4.00 times as fast (4.00 to 4.00: 3 rounds are too few for an interval) as" in sentence
    assert "95%" not in sentence


def test_what_is_in_doubt_is_said_first() -> None:
    bad = Validity(valid=False, reasons=[DRIFTED])
    cells = [measured("fp32", VNNI, 5.0), measured("int8", VNNI, 9.0, validity=bad)]
    record: ProfileRecord = replace(
        profile(*cells), repeat=repeat(trusted=False, reasons=[UNEQUAL])
    )
    first, second = said(profiled(record)).cautions
    assert first.startswith("THIS RUN IS NOT TO BE TRUSTED: the same cell gave other classes")
    assert second == (
        "INVALID: images/s of 1 of 2 timed cells: open INT8 at AVX-512 VNNI in the "
        "matrix for why. The answer is made of some of them: those of INT8 at AVX-512 "
        "VNNI."
    )


def test_the_banner_names_latency_if_that_alone_is_invalid() -> None:
    bad = Validity(valid=False, reasons=[DRIFTED_LATENCY])
    cells = [measured("fp32", VNNI, 5.0), measured("int8", VNNI, 9.0, validity=bad)]
    assert said(profiled(profile(*cells))).cautions == [
        "INVALID: single-image latency of 1 of 2 timed cells: open INT8 at AVX-512 VNNI in the "
        "matrix for why. No figure of the answer is INVALID."
    ]


def test_the_banner_names_no_more_cells_than_fit_in_a_line() -> None:
    bad = Validity(valid=False, reasons=[DRIFTED_LATENCY])
    cells = [
        measured(name, cap, 9.0, validity=bad) for name in ("fp32", "int8") for cap in (VNNI, AMX)
    ]
    (caution,) = said(profiled(profile(*cells))).cautions
    assert "of 4 of 4 timed cells: open them in the matrix" in caution


@pytest.mark.parametrize(
    ("precision", "isa", "named"),
    [
        ("int8", "AVX512_CORE", ""),
        ("fp32", "AVX512_CORE", ""),
        ("int8", VNNI, "those of INT8 at AVX-512 VNNI."),
        ("fp32", AMX, "those of FP32 at AMX."),
        ("int8", AMX, "those of INT8 at AMX."),
        ("fp32", VNNI, "those of FP32 at AVX-512 VNNI."),
    ],
)
def test_the_banner_says_which_figures_of_the_answer_are_invalid(
    precision: str, isa: str, named: str
) -> None:
    rates = {"AVX512_CORE": (4.0, 15.0), VNNI: (6.0, 20.0), AMX: (5.0, 40.0)}
    bad = Validity(valid=False, reasons=[DRIFTED, DRIFTED_LATENCY])
    sound = Validity(valid=True, reasons=[])
    cells = [
        measured(name, cap, rate, validity=bad if (name, cap) == (precision, isa) else sound)
        for cap, both in rates.items()
        for name, rate in zip(("fp32", "int8"), both, strict=True)
    ]
    (caution,) = said(profiled(profile(*cells))).cautions
    assert "images/s of 1 and single-image latency of 1 of 6 timed cells" in caution
    assert caution.endswith(named or "No figure of the answer is INVALID.")


def test_a_price_is_put_in_hours() -> None:
    cells = [measured("fp32", VNNI, 10.0), measured("int8", VNNI, 100.0)]
    hours, *others = said(profiled(profile(*cells))).price
    assert "2.78 h (2.78 to 2.78) in the fastest cell and 27.78 h (27.78 to 27.78) in" in hours
    assert others[0].startswith("Neither price nor power was measured, and no second machine. ")


def test_a_fast_machines_price_is_put_in_hours_too_as_an_hour_is_what_has_a_price() -> None:
    cells = [measured("fp32", VNNI, 4000.0), measured("int8", VNNI, 8000.0)]
    hours, *_ = said(profiled(profile(*cells))).price
    assert "0.0347 h (0.0347 to 0.0347) in the fastest cell and 0.0694 h" in hours


@pytest.mark.parametrize(
    ("int8", "bf16", "named"),
    [(0.98, 1.0, True), (1.0, 1.0, False), (0.98, 0.99, False), (None, 1.0, False)],
)
def test_who_may_lose_no_answer_reads_which_cell_gave_all_of_fp32s(
    int8: float | None, bf16: float, *, named: bool
) -> None:
    cells = [measured(name, VNNI, rate) for name, rate in RATES.items()]
    profiles = profiled(profile(*cells))
    record = compare(profiles)
    agreement = {"fp32": 1.0, "bf16": bf16, "int8": int8}
    rows = [replace(row, agreement_fp32=agreement[row.precision]) for row in record.rows]
    sure = answer(Seen(replace(record, rows=rows), profiles)).sure
    line = "If the answers may not differ from FP32's: BF16 at AVX-512 VNNI gave all 100 images"
    assert [text.startswith(line) for text in sure] == [True] * named
    assert all("FP32's class, at 40.00 images/s." in text for text in sure)


def test_a_cell_that_did_nothing_has_no_hours() -> None:
    still = with_rates("fp32", VNNI, 0.0, 0.0)
    assert isinstance(still.measurement, Measurement)
    assert "million images take" not in " ".join(said(profiled(profile(still))).price)


def test_hours_have_the_interval_of_the_rate_unless_there_was_one_round() -> None:
    hours, *_ = said(profiled(profile(with_rates("fp32", VNNI, 10.0, 8.0, 12.5)))).price
    assert "27.78 h (22.22 to 34.72) in the fastest cell" in hours
    assert "13.89 h (one round: no interval) in the fastest cell" in said(of_one_round()).price[0]


def test_hours_of_cells_measured_in_groups_are_said_not_to_divide_to_the_ratio() -> None:
    note = "Cells were measured in groups: figures need not divide to their ratio, nor these times."
    assert said(in_groups()).price[1] == note
    cells = [measured("fp32", VNNI, 10.0), measured("int8", VNNI, 100.0)]
    assert note not in said(profiled(profile(*cells))).price


def test_how_a_price_is_given_is_said() -> None:
    assert "invoke diff A B --prices FILE" in " ".join(said(of_one_round()).price)


def test_speed_and_accuracies_of_the_answer_are_of_one_runtime() -> None:
    slow = [measured("fp32", VNNI, 4.0), measured("int8", VNNI, 10.0, top1=0.62)]
    fast = [measured("fp32", VNNI, 5.0), measured("int8", VNNI, 20.0, top1=0.97)]
    sentence = said(profiled(profile(*slow), profile(*fast, runtime="stock"))).sentence
    assert "INT8 at AVX-512 VNNI, stock: 20.00 images/s" in sentence
    assert "top-1 is 97.0% in INT8" in sentence
    alone = said(profiled(profile(*slow), profile(fast[1], runtime="stock"))).sentence
    assert "top-1" not in alone


def test_the_runtime_at_chance_is_named_if_there_are_several() -> None:
    lost = [measured(precision, VNNI, 4.0, top1=0.5) for precision in ("fp32", "int8")]
    sound = [measured(precision, VNNI, 5.0) for precision in ("fp32", "int8")]
    (caution,) = said(profiled(profile(*lost), profile(*sound, runtime="stock"))).cautions
    assert caution.startswith("itex: AT CHANCE: FP32 gets ")
    (caution,) = said(profiled(profile(*lost))).cautions
    assert caution.startswith("AT CHANCE: ")


@pytest.mark.parametrize(
    ("data", "backbone", "words"),
    [
        ("embedded", "embedded", "The images were drawn and the backbone made by this project: "),
        ("embedded", "imagenet", "The images were drawn by this project: "),
        ("beans", "embedded", "The backbone was made by this project: "),
        ("beans", "imagenet", ""),
    ],
)
def test_what_the_project_made_itself_is_said_of_that_alone(
    data: str, backbone: str, words: str
) -> None:
    of_data, of_backbone = (
        Source(name=name, sha256="1" * 64, origin="") for name in (data, backbone)
    )
    record = replace(profile(measured("fp32", VNNI, 5.0)), data=of_data, backbone=of_backbone)
    last = said(profiled(record)).price[-1]
    assert last.startswith(words or "Neither price nor power was measured")
