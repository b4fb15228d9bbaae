"""The table of families.py, from the records that the tasks leave."""

import re
from dataclasses import replace
from pathlib import Path

from stages.compare.effects import compare
from stages.records.quantize import Finding
from tests.benchmarks.family_outcome import Outcome, table
from tests.unit.compare.test_table import ONE
from tests.unit.peers.contenders import missing
from tests.unit.peers.test_table import MEASURED, record
from tests.unit.quantize.parts import layer
from tests.unit.records import quantize, variant

FINDING = Finding(kind="fp32_compute", op="stem", detail="f32", share=0.25)
LAYERS = [layer("PartitionedCall/block", share=0.1), layer("stem", types=("f32", "f32"), share=0.4)]
INT8 = replace(variant("int8"), layers=LAYERS, findings=[FINDING])
QUANTIZED = replace(quantize(INT8), int8_ops=["block"], fp32_ops=["stem"])


LACKING = (
    missing("stock", "int8", "not quantized"),
    missing("onnxruntime", "int8", "no such op"),
)
OUTCOME = Outcome(
    family="ResNet50",
    refusals=[],
    is_bound_met=True,
    quantize=QUANTIZED,
    compare=compare(ONE),
    peers=record([*MEASURED[:-1], *LACKING]),
)


def test_a_family_has_its_row() -> None:
    row = table([OUTCOME]).splitlines()[1]
    speeds = ["4.00x (4.00-4.00)", "3.67x (2.00-5.33)", "-", "0.88x (0.75-1.00)"]
    assert re.split(r" {2,}", row) == ["ResNet50", "98.0%", "97.0%", "met", "1 of 2", *speeds]


def test_what_is_not_in_int8_and_who_did_not_run_is_said() -> None:
    text = table([OUTCOME])
    assert "stem runs in FP32 (25.0% of the time)" in text
    assert "ResNet50: peers: onnxruntime int8: no such op" in text
    assert "stock" not in text


def test_below_the_bar_the_costliest_layers_come_first() -> None:
    text = table([OUTCOME])
    assert "itex/OpenVINO in INT8: 0.88x, the geometric mean of 1" in text
    assert 0 < text.index("stem  ") < text.index("block  ")


def test_a_bound_that_no_int8_keeps_is_not_met() -> None:
    refused = replace(OUTCOME, is_bound_met=False, quantize=None)
    assert " not met " in table([refused])


def test_what_failed_is_said_and_has_no_figures(tmp_path: Path) -> None:
    refused = Outcome.of("ResNet50", tmp_path, ["quantize: error: no op"], is_bound_met=True)
    text = table([refused])
    assert text.splitlines()[1].split() == ["ResNet50", *"--------"]
    assert "ResNet50: quantize: error: no op" in text
    assert "mean" not in text
