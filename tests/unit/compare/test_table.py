"""The whole text, letter by letter: it is what people and scripts read."""

import re
from collections.abc import Sequence
from dataclasses import replace

from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile
from stages.compare.table import render
from stages.records.base import Interval
from stages.records.cell import Accuracy, Cell, Validity
from tests.unit.compare.profiles import (
    DRIFTED,
    UNEQUAL,
    both_runtimes,
    impossible,
    in_groups,
    of_one_round,
    profiled,
    with_goal,
)
from tests.unit.records import measured, profile, repeat, same_as

ACCURACY = Accuracy(top1=1.0, predictions=[], agreement_fp32=1.0, log="log")
ONE = profiled(
    profile(
        measured("fp32", "AVX512_CORE_VNNI", 5.0, top1=0.98),
        measured("int8", "AVX512_CORE_VNNI", 20.0, top1=0.97),
        impossible("int8", "AVX512_CORE_AMX", "no amx_tile flag"),
    )
)
NOTES = """\
(from-to)         95% interval over the rounds, in which the cells took turns; ±: half its width
                  intervals hold within this run: rates of another run may lie outside, ratios less\
 so
isa cap           oneDNN capped by ONEDNN_MAX_CPU_ISA; proven by oneDNN's own log
precision effect  images/s over FP32's at the same cap
ISA effect        images/s over those of the same precision at {}
top-1             fraction of the test split with the right class, and its exact 95% interval over\
 the images (Clopper-Pearson)
loss              relative loss of top-1 against FP32 at the same cap
p                 how likely chance alone makes as much; above 0.05, no difference is shown, which\
 is no proof that there is none
as fp32           fraction of images to which FP32 at the highest cap gives the same class
"""
TEXT_OF_ONE = f"""\
host      A CPU, 2 cores pinned, Linux 6.1, virtual machine
model     VGG19, embedded backbone (000000000000)
data      embedded (000000000000), test split
measured  2026-11-26 17:24 UTC
software  python 3.11.2

isa cap           precision  images/s     p50 ms       p90 ms  top-1              loss\
            as fp32  precision effect   ISA effect         verdict  kernel
AVX512_CORE_VNNI  fp32       5.00 ±0.0%   200.0 ±0.0%  -       98.0% (93.0-99.8)  +0.00%\
          100.0%   1.00x (1.00-1.00)  1.00x (1.00-1.00)  native   jit:x
AVX512_CORE_VNNI  int8       20.00 ±0.0%  50.0 ±0.0%   -       97.0% (91.5-99.4)  +1.02% (p = 1)\
  100.0%   4.00x (4.00-4.00)  1.00x (1.00-1.00)  native   jit:x

{NOTES.format("AVX512_CORE_VNNI (AVX-512 VNNI)")}
measured twice: int8 AVX2  1.000x (0.990-1.010) offline, 1.000x (0.990-1.010) single-stream: as\
 it should be

not run: int8 AVX512_CORE_AMX  no amx_tile flag

Class (AVX512_CORE_VNNI)  images  FP32   INT8
class 0                   50      98.0%  98.0%
class 1                   50      98.0%  96.0%

Model (AVX512_CORE_VNNI)  FP32                    INT8                    INT8 against FP32
accuracy, top-1           0.9800 (0.9296-0.9976)  0.9700 (0.9148-0.9938)  1 of 100 images\
 differs: no more than chance (p = 1)
throughput, images/s      5.00 (5.00-5.00)        20.00 (20.00-20.00)     4.00x (4.00-4.00)
latency, ms (median)      200.00 (200.00-200.00)  50.00 (50.00-50.00)     4.00x (4.00-4.00)\
 shorter

compare: INT8 20.00 images/s against FP32 5.00 (4.00x, 95% interval 4.00-4.00), top-1 97.0%\
 against 98.0%, capped at AVX512_CORE_VNNI; 1 of 100 images differs: no more than chance (p = 1)
"""
TEXT_OF_BOTH = f"""\
host      A CPU, 2 cores pinned, Linux 6.1, virtual machine
model     VGG19, embedded backbone (000000000000)
data      embedded (000000000000), test split
measured  itex   2026-11-26 17:24 UTC
          stock  2026-11-26 17:24 UTC
software  itex   python 3.11.2
          stock  python 3.11.2

isa cap      precision  runtime  images/s     p50 ms       p90 ms  top-1                loss\
                 as fp32  precision effect   ISA effect         verdict  kernel
AVX512_CORE  fp32       itex     5.00 ±0.0%   200.0 ±0.0%  -       100.0% (96.4-100.0)  +0.00%\
               100.0%   1.00x (1.00-1.00)  1.00x (1.00-1.00)  native   jit:x
AVX512_CORE  fp32       stock    4.00 ±0.0%   250.0 ±0.0%  -       100.0% (96.4-100.0)  +0.00%\
               100.0%   1.00x (1.00-1.00)  1.00x (1.00-1.00)  native   jit:x
AVX512_CORE  int8       itex     20.00 ±0.0%  50.0 ±0.0%   -       50.0% (39.8-60.2)    +50.00%\
 (p < 0.001)  100.0%   4.00x (4.00-4.00)  1.00x (1.00-1.00)  native   jit:x
AVX512_CORE  int8       stock    10.00 ±0.0%  100.0 ±0.0%  -       100.0% (96.4-100.0)  +0.00%\
 (p = 1)       100.0%   2.50x (2.50-2.50)  1.00x (1.00-1.00)  native   jit:x

{NOTES.format("AVX512_CORE (AVX-512)")}\
runtime           whatever a row compares is within its runtime

measured twice: int8 AVX2 itex   1.000x (0.990-1.010) offline, 1.000x (0.990-1.010)\
 single-stream: as it should be
measured twice: int8 AVX2 stock  1.000x (0.990-1.010) offline, 1.000x (0.990-1.010)\
 single-stream: as it should be

not run: bf16 AVX512_CORE itex  left out
not run: int8 AVX512_CORE_AMX   no amx_tile flag

Class (AVX512_CORE, itex)  images  FP32    INT8
class 0                    50      100.0%  50.0%
class 1                    50      100.0%  50.0%

Recall (AVX512_CORE, stock): no class changes from FP32 to INT8

Model (AVX512_CORE, itex)  FP32                    INT8                    INT8 against FP32
accuracy, top-1            1.0000 (0.9638-1.0000)  0.5000 (0.3983-0.6017)  50 of 100 images\
 differ, 50 for the worse: more than chance (p < 0.001)
throughput, images/s       5.00 (5.00-5.00)        20.00 (20.00-20.00)     4.00x (4.00-4.00)
latency, ms (median)       200.00 (200.00-200.00)  50.00 (50.00-50.00)     4.00x (4.00-4.00)\
 shorter

Model (AVX512_CORE, stock)  FP32                    INT8                    INT8 against FP32
accuracy, top-1             1.0000 (0.9638-1.0000)  1.0000 (0.9638-1.0000)  none of 100 images\
 differs
throughput, images/s        4.00 (4.00-4.00)        10.00 (10.00-10.00)     2.50x (2.50-2.50)
latency, ms (median)        250.00 (250.00-250.00)  100.00 (100.00-100.00)  2.50x (2.50-2.50)\
 shorter

compare: itex: INT8 20.00 images/s against FP32 5.00 (4.00x, 95% interval 4.00-4.00), top-1\
 50.0% against 100.0%, capped at AVX512_CORE; 50 of 100 images differ, 50 for the worse: more\
 than chance (p < 0.001)
compare: stock: INT8 10.00 images/s against FP32 4.00 (2.50x, 95% interval 2.50-2.50), top-1\
 100.0% against 100.0%, capped at AVX512_CORE; none of 100 images differs
"""


def text(profiles: Sequence[RuntimeProfile]) -> str:
    return render(compare(profiles), {profile.runtime: profile.summaries for profile in profiles})


def test_one_runtime_is_not_named() -> None:
    assert text(ONE) == TEXT_OF_ONE


def test_two_runtimes_are_told_apart() -> None:
    assert text(both_runtimes()) == TEXT_OF_BOTH


def test_without_both_precisions_there_is_no_table_models_caution() -> None:
    alone = profiled(profile(measured("fp32", "AVX2", 5.0)))
    assert "Model" not in text(alone)


def test_a_precision_is_a_row_like_any_other() -> None:
    cells = [measured(name, "AVX512_CORE", 5.0) for name in ("fp32", "int8_bf16")]
    rows = [line for line in text(profiled(profile(*cells))).splitlines() if " int8_bf16 " in line]
    assert len(rows) == 1


def test_what_is_wrong_with_several_cells_is_said_once() -> None:
    bad = Validity(valid=False, reasons=[DRIFTED])
    cells = [measured("int8", isa, 20.0, validity=bad) for isa in ("AVX2", "AVX512_CORE")]
    lines = [line for line in text(profiled(profile(*cells))).splitlines() if "drifted" in line]
    assert len(lines) == 1
    assert "drifted by -10% (int8 AVX2), -10% (int8 AVX512_CORE) from" in lines[0]


def test_what_is_wrong_is_named() -> None:
    bad = Validity(valid=False, reasons=[DRIFTED])
    int8 = measured("int8", "AVX2", 20.0, validity=bad)
    noisy = replace(profile(int8), repeat=repeat(trusted=False, reasons=[UNEQUAL]))
    lines = text(profiled(noisy)).splitlines()
    assert any("INVALID, native" in line for line in lines)
    assert any(
        line.startswith("INVALID: offline")
        and "  drifted by -10% (int8 AVX2) from the first to the last rounds; add rounds with "
        "--more, or measure again with --force profile"
        in line
        for line in lines
    )
    (twice,) = (index for index, line in enumerate(lines) if line.startswith("measured twice"))
    assert lines[twice].startswith("measured twice: int8 AVX2 ")
    assert lines[twice].endswith("THIS RUN IS NOT TO BE TRUSTED")
    assert lines[twice + 1].strip() == (
        "the same cell gave other classes the second time; run it again, report it if it stays"
    )


def test_int8_that_saturates_is_named() -> None:
    cells = [
        measured("int8", isa, 20.0, accuracy=replace(ACCURACY, predictions=[*classes]))
        for isa, classes in (("AVX2", (1, 0)), ("AVX512_CORE_VNNI", (1, 1)))
    ]
    line = "1 of 2 answers differ from those at AVX512_CORE_VNNI"
    assert f"saturates: int8 AVX2       {line}" in text(profiled(profile(*cells))).splitlines()


def test_what_could_not_run_for_one_reason_is_one_line() -> None:
    cells = [
        measured("fp32", "AVX2", 5.0),
        *(impossible("int8_bf16", isa, "all in INT8") for isa in ("AVX2", "AVX512_CORE_AMX")),
        *(impossible(name, "AVX512_CORE_AMX", "no flag") for name in ("fp32", "int8")),
        impossible("int8", "AVX2", "no model"),
    ]
    lines = text(profiled(profile(*cells))).splitlines()
    assert [line for line in lines if line.startswith("not run")] == [
        "not run: int8_bf16                  all in INT8",
        "not run: int8 AVX2                  no model",
        "not run: fp32 int8 AVX512_CORE_AMX  no flag",
    ]


def test_a_note_says_that_figures_of_unlike_rounds_need_not_divide_to_their_ratio() -> None:
    said = "the figures shown need not divide to them"
    cells = [measured("fp32", "AVX2", 5.8), measured("int8", "AVX2", 5.9)]
    assert said not in text(profiled(profile(*cells)))
    assert said in text(in_groups())
    whole = profiled(profile(*cells, runtime="stock"))
    assert "the cells of itex were measured in groups" in text([*in_groups(), *whole])


def test_ratios_that_are_not_known_as_closely_as_asked_are_named() -> None:
    (line,) = (it for it in text(profiled(with_goal(0.005))).splitlines() if "wider" in it)
    assert line.startswith("ratios wider than ±0.5%")
    assert "int8 at AVX2 over fp32 at AVX2 ±" in line
    assert line.endswith(": `invoke profile --more compare` adds rounds")
    assert "wider than" not in text(profiled(with_goal(0.5)))
    record = with_goal(0.005)
    fixed = {**record.maker.settings, "rounds": 8}
    fixed_rounds = replace(record, maker=replace(record.maker, settings=fixed))
    assert "wider than" not in text(profiled(fixed_rounds))


def test_one_round_has_no_interval() -> None:
    shown = text(of_one_round())
    (row,) = (line for line in shown.splitlines() if line.startswith("AVX512_CORE  int8 "))
    assert "20.00 (one round)" in row
    assert "4.00x (one round)" in row
    assert "(one round)       one round: no interval; chance may" in shown
    assert "1.000x (one round: no interval) offline, 1.000x (one round: no interval)" in shown
    assert not re.search(r"±|x \(\d+\.\d+-\d+\.\d+\)|from-to", shown)


def test_of_two_runs_only_that_of_one_round_has_no_interval() -> None:
    (once,) = of_one_round()
    _, stock = both_runtimes()
    lines = text([once, stock]).splitlines()
    assert any(" itex " in line and "20.00 (one round)" in line for line in lines)
    assert any(" stock " in line and "10.00 ±0.0%" in line for line in lines)
    assert any(line.startswith("(from-to)") for line in lines)
    assert any(line.startswith("(one round) ") for line in lines)


def test_each_line_with_a_ratio_says_that_its_run_is_not_to_be_trusted() -> None:
    noisy = replace(ONE[0].record, repeat=repeat(trusted=False, reasons=[UNEQUAL]))
    lines = text(profiled(noisy)).splitlines()
    rows = [line for line in lines if line.startswith("AVX512_CORE_VNNI ")]
    assert all("NOT TO BE TRUSTED, native" in row for row in rows)
    assert lines[-3] == "THIS RUN IS NOT TO BE TRUSTED: see above"
    assert lines[-1].endswith("; THIS RUN IS NOT TO BE TRUSTED")


def test_a_cell_that_differs_from_itself_by_little_is_as_it_should_be() -> None:
    close = Interval(estimate=1.003, low=1.001, high=1.005)
    shown = text(profiled(replace(ONE[0].record, repeat=repeat(single_stream_ratio=close))))
    assert "1.003x (1.001-1.005) single-stream: as it should be, as it differs" in shown


def test_the_last_table_says_which_of_its_figures_are_invalid() -> None:
    bad = Validity(valid=False, reasons=[DRIFTED])
    cells = [measured("fp32", "AVX2", 5.0), measured("int8", "AVX2", 20.0, validity=bad)]
    lines = text(profiled(profile(*cells))).splitlines()
    assert lines[-3] == "INVALID: throughput of INT8: see above"
    assert lines[-1].endswith("; INVALID: throughput of INT8")


def test_a_reason_is_said_of_the_cell_that_was_timed_not_of_those_that_have_its_figures() -> None:
    bad = Validity(valid=False, reasons=[DRIFTED])
    proof = measured("int8", "AVX512_CORE_BF16", 1.0, verdict="same-as AVX512_CORE_VNNI").proof
    same = Cell(
        precision="int8",
        requested_isa="AVX512_CORE_BF16",
        same_as="AVX512_CORE_VNNI",
        proof=proof,
    )
    timed = measured("int8", "AVX512_CORE_VNNI", 20.0, validity=bad)
    lines = text(profiled(profile(measured("fp32", "AVX512_CORE_VNNI", 5.0), timed, same)))
    (reason,) = (line for line in lines.splitlines() if line.startswith("INVALID: offline"))
    assert "(int8 AVX512_CORE_VNNI)" in reason
    assert "AVX512_CORE_BF16" not in reason
    assert "INVALID, same-as AVX512_CORE_VNNI" in lines


def test_only_what_is_in_the_table_is_explained() -> None:
    plain = text(profiled(profile(measured("fp32", "AVX2", 5.0))))
    for absent in ("\np  ", "\nemulated  ", "\nsame-as  "):
        assert absent not in plain
    cells = [
        measured("fp32", "AVX512_CORE", 5.0),
        measured("bf16", "AVX512_CORE", 2.0, verdict="emulated"),
        same_as("fp32", "AVX512_CORE_VNNI", "AVX512_CORE"),
    ]
    full = text(profiled(profile(*cells)))
    for there in ("\np  ", "\nemulated  ", "\nsame-as  "):
        assert there in full
