"""What a terminal shows of a comparison: the answer first, and no line longer than 100 columns."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from stages.common.text import WIDTH
from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile
from stages.compare.short import render_answers, render_short
from stages.compare.table import render
from stages.isa import ISA_NAMES
from stages.precisions import PRECISION_NAMES
from stages.records.base import Interval
from stages.records.cell import Cell, Offline, Reason, Validity
from tests.unit.compare.profiles import (
    DRIFTED,
    DRIFTED_LATENCY,
    UNEQUAL,
    both_runtimes,
    impossible,
    of_few_rounds,
    of_one_round,
    profiled,
)
from tests.unit.records import accuracy, measured, profile, repeat, run, same_as

FP32, INT8 = (
    measured("fp32", "AVX512_CORE_VNNI", 5.0, top1=0.98),
    measured("int8", "AVX512_CORE_VNNI", 20.0, top1=0.97),
)
ONE = profiled(profile(FP32, INT8, impossible("int8", "AVX512_CORE_AMX", "no amx_tile flag")))
TEXT_OF_ONE = """\
INT8 runs 4.00 times (4.00 to 4.00) as fast as FP32 here, capped at AVX512_CORE_VNNI; top-1 98.0 to
97.0%, 1 more wrong of 100 images: no difference shown (p = 1)

host      A CPU, 2 cores pinned, Linux 6.1, virtual machine
model     VGG19, embedded backbone (000000000000)
data      embedded (000000000000), test split
measured  2026-11-26 17:24 UTC

isa cap           precision  images/s     p50 ms       top-1  speed-up           status
AVX512_CORE_VNNI  fp32       5.00 ±0.0%   200.0 ±0.0%  98.0%  1.00x              native
AVX512_CORE_VNNI  int8       20.00 ±0.0%  50.0 ±0.0%   97.0%  4.00x (4.00-4.00)  native

(from-to)  95% interval over the rounds, in which the cells took turns; ±: half its width
           intervals hold within this run: rates of another run may lie outside, ratios less so
isa cap    the highest instruction set that oneDNN may use (ONEDNN_MAX_CPU_ISA)
speed-up   images/s over FP32's at the same cap
status     native: in its own precision, by kernels of its cap, as oneDNN's log proves

measured twice: int8 AVX2  1.000x (0.990-1.010) offline, 1.000x (0.990-1.010) single-stream: as it
                           should be

not run: int8 AVX512_CORE_AMX  no amx_tile flag
"""


def text(profiles: Sequence[RuntimeProfile]) -> str:
    summaries = {profile.runtime: profile.summaries for profile in profiles}
    return render_short(compare(profiles), summaries)


def answer(*cells: Cell) -> str:
    profiles = profiled(profile(*cells))
    summaries = {profile.runtime: profile.summaries for profile in profiles}
    return " ".join(render_answers(compare(profiles), summaries).split())


def right_of_many(precision: str, right: int) -> Cell:
    """Return a cell that got this many of 2000 images right, all of one class."""
    answers = [0] * right + [1] * (2000 - right)
    made = replace(accuracy(1.0), predictions=answers, top1=right / 2000, agreement_fp32=0.9995)
    return measured(precision, "AVX2", 5.0, accuracy=made)


def test_accuracies_over_many_images_have_another_decimal() -> None:
    cells = [right_of_many("fp32", 1420), right_of_many("int8", 1419)]
    profiles = profiled(replace(profile(*cells), labels=[0] * 2000, classes=["rust", "healthy"]))
    said = " ".join(text(profiles).split())
    assert "top-1 71.00 to 70.95%, 1 more wrong of 2000 images: no difference shown" in said
    whole = render(compare(profiles), {it.runtime: it.summaries for it in profiles})
    rows = [line for line in whole.splitlines() if line.startswith("AVX2 ")]
    assert len(rows) == 2
    assert all("99.95%" in row for row in rows)
    assert "top-1 70.95% against 71.00%, capped at AVX2" in whole


def varied(scenario: str, spread: float) -> Reason:
    return Reason(kind="spread", scenario=scenario, numbers={"spread": spread})


def invalid(*reasons: Reason) -> Validity:
    return Validity(valid=False, reasons=[*reasons])


def test_the_answer_stands_above_a_row_for_each_cell() -> None:
    assert text(ONE) == TEXT_OF_ONE


def test_each_runtime_has_an_answer_and_is_named() -> None:
    lines = text(both_runtimes()).splitlines()
    assert lines[0].startswith("itex: INT8 runs 4.00 times (4.00 to 4.00) as fast as FP32 here")
    (stock,) = (line for line in lines if line.startswith("stock: INT8 runs 2.50 times"))
    assert lines.index(stock) < lines.index("")
    assert [line.split()[2] for line in lines if line.startswith("AVX512_CORE ")] == [
        *("itex", "stock") * 2
    ]


def test_a_run_that_is_not_to_be_trusted_is_said_to_be_before_anything_else() -> None:
    doubtful = replace(profile(FP32, INT8), repeat=repeat(trusted=False, reasons=[UNEQUAL]))
    shown = text(profiled(doubtful))
    assert shown.startswith("THIS RUN IS NOT TO BE TRUSTED. INT8 runs 4.00 times")
    assert shown.count("  not trusted\n") == 2
    said = "not trusted: the whole run is in doubt, as the cell measured twice shows"
    assert said in " ".join(shown.split())
    without_int8 = replace(profile(FP32), repeat=repeat(trusted=False, reasons=[UNEQUAL]))
    said = "THIS RUN IS NOT TO BE TRUSTED. FP32 runs at 5.00 images/s here"
    assert text(profiled(without_int8)).startswith(said)


def test_a_status_that_no_row_has_is_not_explained() -> None:
    bad = invalid(DRIFTED)
    given = (("fp32", 5.0), ("int8", 20.0))
    cells = [measured(name, "AVX2", rate, validity=bad) for name, rate in given]
    doubtful = replace(profile(*cells), repeat=repeat(trusted=False, reasons=[UNEQUAL]))
    shown = text(profiled(doubtful))
    assert "INVALID: a figure can't be relied on" in " ".join(shown.split())
    assert "not trusted:" not in shown


def test_an_answer_whose_figures_are_invalid_begins_with_that() -> None:
    bad = measured("int8", "AVX2", 20.0, validity=invalid(DRIFTED))
    said = answer(measured("fp32", "AVX2", 5.0), bad)
    assert said.startswith("INVALID: throughput of INT8. INT8 runs 4.00 times")
    assert answer(bad).startswith("INVALID: throughput of INT8. INT8 runs at 20.00 images/s")
    late = measured("int8", "AVX2", 20.0, validity=invalid(DRIFTED_LATENCY))
    assert answer(late).startswith("INT8 runs at 20.00 images/s")


def test_after_one_round_the_answer_has_no_interval() -> None:
    shown = text(of_one_round())
    said = "THIS RUN IS NOT TO BE TRUSTED (one round: no interval). INT8 runs 4.00 times as fast"
    assert shown.startswith(said)
    assert "±" not in shown


def test_too_few_rounds_are_said_to_be_why_and_make_no_interval() -> None:
    shown = " ".join(text(of_few_rounds(3)).split())
    assert "95% interval" not in shown
    said = "(from-to) what the rounds span, and ± half its width: 3 rounds are too few for an "
    said += "interval of 95%; add rounds"
    assert said in shown
    assert "not trusted: the whole run is in doubt, as its rounds are too few" in shown
    assert "as the cell measured twice shows" not in shown
    (few,) = of_few_rounds(3)
    reasons = [UNEQUAL, *few.record.repeat.reasons]
    both = replace(few.record, repeat=repeat(trusted=False, reasons=reasons))
    shown = " ".join(text(profiled(both)).split())
    assert "the whole run is in doubt, for the reasons below" in shown


def test_the_runtime_with_too_few_rounds_is_named() -> None:
    (few,) = of_few_rounds(3)
    shown = text([few, *both_runtimes()[1:]])
    assert "(from-to)  95% interval over the rounds, in which the cells took turns" in shown
    said = " what the rounds span: itex: 3 rounds are too few for an interval of 95%; add rounds"
    assert said in " ".join(shown.split())


def test_a_ratio_that_may_be_one_is_said_to_be() -> None:
    fp32 = measured("fp32", "AVX2", 5.0)
    rates = Interval(estimate=5.1, low=4.9, high=5.3)
    runs = [run(4.9, 1), run(5.3, 2)]
    int8 = measured(
        "int8", "AVX2", 5.1, offline=Offline(batch_size=8, throughput_images_per_s=rates, runs=runs)
    )
    assert " as fast as FP32 here, which may be no difference, capped at AVX2" in answer(fp32, int8)
    slower = answer(fp32, measured("int8", "AVX2", 4.0))
    assert slower.startswith("INT8 runs 0.80 times (0.80 to 0.80) as fast as FP32 here, capped")


@pytest.mark.parametrize(
    ("top1", "said"),
    [
        (0.98, "top-1 98.0%, on the same images"),
        (0.99, "top-1 98.0 to 99.0%, 1 more right of 100 images: no difference shown (p = 1)"),
        (0.5, "top-1 98.0 to 50.0%, 48 more wrong of 100 images: more than chance (p < 0.001)"),
    ],
)
def test_the_answer_says_whether_the_test_shows_a_difference(top1: float, said: str) -> None:
    assert said in answer(FP32, measured("int8", "AVX512_CORE_VNNI", 20.0, top1=top1))


def test_a_cell_with_the_figures_of_another_has_no_row() -> None:
    isas = ("AVX512_CORE_BF16", "AVX512_CORE_FP16")
    cells = [FP32, INT8, *(same_as("int8", isa, "AVX512_CORE_VNNI") for isa in isas)]
    lines = text(profiled(profile(*cells))).splitlines()
    assert not [line for line in lines if line.startswith(isas)]
    (same,) = (line for line in lines if line.startswith("same-as AVX512_CORE_VNNI "))
    assert " int8 at AVX512_CORE_BF16 AVX512_CORE_FP16: the same kernels" in same


def test_reasons_are_notes_with_numbers_by_the_least_to_the_most() -> None:
    cells = [
        measured("fp32", "AVX2", 5.0, validity=invalid(varied("offline", 0.1))),
        measured(
            "int8",
            "AVX2",
            9.0,
            validity=invalid(varied("offline", 0.058), varied("single_stream", 0.3)),
        ),
        INT8,
    ]
    lines = text(profiled(profile(*cells))).splitlines()
    status = {tuple(line.split()[:2]): line.split("  ")[-1] for line in lines if "±0.0%" in line}
    assert status["AVX2", "fp32"] == "INVALID [1]"
    assert status["AVX2", "int8"] == "INVALID [1,2]"
    assert status["AVX512_CORE_VNNI", "int8"] == "native"
    notes = [" ".join(line.split()) for line in lines if line.startswith("[")]
    assert notes == [
        "[1] images/s: the median varies by 5.8% to 10.0%; quieten the machine and add rounds with "
        "--more",
        "[2] p50: the median varies by 30.0%; quieten the machine and add rounds with --more",
    ]


def test_what_is_wrong_with_all_cells_is_said_of_all() -> None:
    isas = ("AVX2", "AVX512_CORE")
    cells = [measured("int8", isa, 9.0, validity=invalid(DRIFTED)) for isa in isas]
    lines = text(profiled(profile(*cells))).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("all cells"))
    assert " ".join(" ".join(lines[first : first + 2]).split()) == (
        "all cells images/s: drifted by -10% from the first to the last rounds; add rounds with "
        "--more, or measure again with --force profile"
    )
    assert len([line for line in lines if line.endswith("  INVALID")]) == 2


def test_no_line_is_longer_than_the_terminal_however_much_there_is_to_say() -> None:
    every = [varied("offline", 0.2), DRIFTED, varied("single_stream", 0.4)]
    cells = [
        measured(precision, isa, 12345.678, validity=invalid(*every), verdict="emulated")
        for isa in ("AVX512_CORE_BF16", "AVX512_CORE_VNNI")
        for precision in PRECISION_NAMES
    ]
    cells[0] = measured("fp32", "AVX2", 5.0)
    reason = "a reason of many words, " * 9
    left_out = [
        impossible(precision, isa, f"{reason}{number % 3}")
        for number, isa in enumerate(ISA_NAMES)
        if isa not in ("AVX2", "AVX512_CORE_BF16", "AVX512_CORE_VNNI")
        for precision in PRECISION_NAMES
    ]
    lines = text(profiled(profile(*cells, *left_out))).splitlines()
    assert max(map(len, lines)) <= WIDTH
    # What is left out for that is the least of it.
    head = next(line for line in lines if line.startswith("isa cap"))
    assert " ".join(head.split()) == "isa cap precision images/s speed-up status"


def test_without_int8_the_answer_says_how_fast_another_precision_is_beside_fp32() -> None:
    amx = "AVX512_CORE_AMX"
    both = measured("fp32", amx, 9.0), measured("bf16", amx, 36.0)
    assert answer(*both).endswith(
        f"BF16 runs at 36.00 images/s here, capped at {amx}; BF16 runs 4.00 times (4.00 to 4.00) "
        f"as fast as FP32 there, at {amx}; INT8 and FP32 were not both measured at any cap"
    )


def test_what_no_row_is_needs_no_explanation() -> None:
    assert "INVALID" not in text(ONE)
