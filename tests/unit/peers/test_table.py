"""The whole text, letter by letter: it is what people and scripts read."""

from collections.abc import Sequence
from dataclasses import replace

from stages.peers.ratios import ratios
from stages.peers.table import closing_line, render
from stages.records.peers import Contender, PeersRecord
from tests.unit.peers.contenders import measured, missing
from tests.unit.records import HOST, MAKER, SHA256, SOURCE

CONTENDERS = (
    measured("itex", "fp32", {1: [[0.2], [0.2]], 8: [[1.6], [1.6]]}, accuracy=0.98),
    measured("itex", "int8", {1: [[0.05], [0.05]], 8: [[0.4], [0.4]]}, accuracy=0.97),
    missing("stock", "fp32", "not quantized"),
    missing("stock", "int8", "not quantized"),
    measured("openvino", "fp32", {1: [[0.2], [0.1]], 8: [[1.6], [0.8]]}, accuracy=0.98),
    measured("openvino", "int8", {1: [[0.04], [0.05]], 8: [[0.3], [0.4]]}, accuracy=0.96),
    measured("onnxruntime", "int8", {1: [[0.1], [0.1]], 8: [[0.8], [0.8]]}, accuracy=0.95),
    missing("onnxruntime", "bf16", "no such kernel"),
)
MEASURED = [contender for contender in CONTENDERS if not contender.missing]
TEXT = """\
host      A CPU, 2 cores pinned, Linux 6.1, virtual machine
model     VGG19, embedded backbone (000000000000)
data      embedded (000000000000), test split
measured  2026-11-26 17:24 UTC
software  itex: python 3.11.2, itex 1.0
software  openvino: python 3.11.2, openvino 1.0
software  onnxruntime: python 3.11.2, onnxruntime 1.0
tools     nncf 3.4.0

backend      precision  top-1  images/s at 1  images/s at 8  p50 ms at 1
itex         fp32       98.0%  5.00           5.00           200.0
itex         int8       97.0%  20.00          20.00          50.0
openvino     fp32       98.0%  6.67           6.67           150.0
openvino     int8       96.0%  22.22          22.86          45.0
onnxruntime  int8       95.0%  10.00          10.00          100.0

ours  precision  batch  ours / OpenVINO    ours / ONNX Runtime
itex  fp32       1      0.75x (0.50-1.00)  -
itex  fp32       8      0.75x (0.50-1.00)  -
itex  int8       1      0.90x (0.80-1.00)  2.00x (2.00-2.00)
itex  int8       8      0.88x (0.75-1.00)  2.00x (2.00-2.00)

ours / peer  images/s of ours over the peer's, above 1 where ours is faster; in brackets the
             lowest and highest of 2 rounds, in which each model took its turn
int8_bf16    compared with the peers' int8
top-1        on the test split; each INT8 by its own tool from the same 32 images

not run: stock fp32, int8  not quantized
not run: onnxruntime bf16  no such kernel

peers: INT8 by itex at batch size 8 is 0.88x (0.75-1.00) OpenVINO and 2.00x (2.00-2.00) ONNX \
Runtime; no difference from OpenVINO is shown
"""


def record(contenders: Sequence[Contender]) -> PeersRecord:
    return PeersRecord(
        maker=MAKER,
        train_sha256=SHA256,
        quantize_sha256={"itex": SHA256},
        data=SOURCE,
        backbone=SOURCE,
        host=HOST,
        tools={"nncf": "3.4.0"},
        calibration_samples=32,
        rounds=2,
        round_duration_s=1.0,
        labels=[],
        contenders=list(contenders),
        ratios=ratios(contenders),
        seconds=1.0,
    )


def test_the_whole_text() -> None:
    assert render(record(CONTENDERS)) == TEXT


def test_with_nothing_left_out_no_line_says_so() -> None:
    assert "not run" not in render(record(MEASURED))


def test_latency_is_shown_only_where_single_images_were_timed() -> None:
    assert "p50" not in render(record([measured("stock", "int8", {8: [[1.0]]})]))


def test_backends_of_one_interpreter_share_a_line() -> None:
    fp32 = measured("stock", "fp32", {8: [[1.0]]})
    int8 = measured("stock", "int8", {8: [[1.0]]})
    assert render(record([fp32, int8])).count("software") == 1


def test_the_closing_line_is_of_the_fastest_backend() -> None:
    fast = [contender for contender in MEASURED if contender.precision == "int8"]
    both = [measured("stock", "int8", {1: [[9.0], [9.0]], 8: [[0.8], [0.8]]}), *fast]
    assert closing_line(record(both)).startswith("peers: INT8 by itex at batch size 8 is 0.88x")


def test_without_an_int8_pair_the_closing_line_counts() -> None:
    others = [contender for contender in CONTENDERS if contender.precision != "int8"]
    line = closing_line(record(others))
    assert line == "peers: 2 of 4 contenders measured, no INT8 pair"


def test_one_round_has_no_lowest_and_no_highest() -> None:
    shown = render(replace(record(MEASURED), rounds=1))
    assert "one round: no interval" in shown.split("peers: INT8")[0]
    assert shown.rstrip().endswith("2.00x ONNX Runtime (one round: no interval)")
    assert "(2.00-2.00)" not in shown
