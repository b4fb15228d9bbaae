"""The whole text, letter by letter: it is what people and scripts read."""

from collections.abc import Sequence

from stages.compare.effects import compare
from stages.compare.inputs import Profiled
from stages.compare.table import render
from tests.unit.compare.profiles import both_runtimes, impossible, profiled
from tests.unit.records import measured, profile

ONE = profiled(
    profile(
        measured("fp32", "AVX512_CORE_VNNI", 5.0, accuracy=0.98),
        measured("int8", "AVX512_CORE_VNNI", 20.0, accuracy=0.97),
        impossible("int8", "AVX512_CORE_AMX", "no amx_tile flag"),
    )
)
NOTES = """\
isa cap           oneDNN capped by ONEDNN_MAX_CPU_ISA; proven by oneDNN's own log
precision effect  throughput over FP32's at the same cap
ISA effect        throughput over the same precision's at {}
loss              relative loss of top-1 against FP32 at the same cap
emulated          BF16 without the instructions for it; same-as: the same kernels as at a lower cap
"""
TEXT_OF_ONE = f"""\
host      A CPU, 2 cores pinned, Linux 6.1, virtual machine
model     VGG19, embedded backbone (000000000000)
data      embedded (000000000000), test split
software  python 3.11.2

isa cap           precision  images/s  p50 ms  p90 ms  top-1  loss    precision effect  ISA effect\
  verdict  kernel
AVX512_CORE_VNNI  fp32       5.00      200.0   -       98.0%  +0.00%  1.00x             1.00x     \
  native   jit:x
AVX512_CORE_VNNI  int8       20.00     50.0    -       97.0%  +1.02%  4.00x             1.00x     \
  native   jit:x

{NOTES.format("AVX512_CORE_VNNI (AVX-512 VNNI)")}
not run: int8 AVX512_CORE_AMX  no amx_tile flag

Model (AVX512_CORE_VNNI)  FP32    INT8
accuracy, top-1           0.9800  0.9700
throughput, images/s      5.00    20.00
latency, ms (median)      200.00  50.00
"""
TEXT_OF_BOTH = f"""\
host      A CPU, 2 cores pinned, Linux 6.1, virtual machine
model     VGG19, embedded backbone (000000000000)
data      embedded (000000000000), test split
software  itex   python 3.11.2
          stock  python 3.11.2

isa cap      precision  runtime  images/s  p50 ms  p90 ms  top-1   loss     precision effect\
  ISA effect  verdict  kernel
AVX512_CORE  fp32       itex     5.00      200.0   -       100.0%  +0.00%   1.00x           \
  1.00x       native   jit:x
AVX512_CORE  fp32       stock    4.00      250.0   -       100.0%  +0.00%   1.00x           \
  1.00x       native   jit:x
AVX512_CORE  int8       itex     20.00     50.0    -       50.0%   +50.00%  4.00x           \
  1.00x       native   jit:x
AVX512_CORE  int8       stock    10.00     100.0   -       100.0%  +0.00%   2.50x           \
  1.00x       native   jit:x

{NOTES.format("AVX512_CORE (AVX-512)")}\
runtime           all of these are within one runtime

not run: bf16 AVX512_CORE itex  left out
not run: int8 AVX512_CORE_AMX   no amx_tile flag

Model (AVX512_CORE, itex)  FP32    INT8
accuracy, top-1            1.0000  0.5000
throughput, images/s       5.00    20.00
latency, ms (median)       200.00  50.00

Model (AVX512_CORE, stock)  FP32    INT8
accuracy, top-1             1.0000  1.0000
throughput, images/s        4.00    10.00
latency, ms (median)        250.00  100.00
"""


def text(profiles: Sequence[Profiled]) -> str:
    return render(compare(profiles), {each.runtime: each.summaries for each in profiles})


def test_one_runtime_is_not_named() -> None:
    assert text(ONE) == TEXT_OF_ONE


def test_two_runtimes_are_told_apart() -> None:
    assert text(both_runtimes()) == TEXT_OF_BOTH


def test_without_both_precisions_there_is_no_table_of_models() -> None:
    alone = profiled(profile(measured("fp32", "AVX2", 5.0)))
    assert "Model" not in text(alone)


def test_a_precision_is_a_row_like_any_other() -> None:
    cells = [measured(name, "AVX512_CORE", 5.0) for name in ("fp32", "int8_bf16")]
    rows = [line for line in text(profiled(profile(*cells))).splitlines() if " int8_bf16 " in line]
    assert len(rows) == 1
