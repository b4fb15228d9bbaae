"""Run in a copy of the tree to which `half` was added: every part that knows precisions does."""

import importlib.util
import tempfile
from pathlib import Path

from stages.command_line import load
from stages.common.worker.environment import worker_environment
from stages.compare.effects import compare
from stages.compare.table import render
from stages.isa import LADDER
from stages.peers.ratios import ratios
from stages.precisions import PRECISIONS, get_precision
from stages.profile.plan import PlannedCell, plan_cells
from stages.profile.proof import TraceResult, prove
from stages.profile.roofline import limit_of
from stages.quantize.variants import why_no_variant
from stages.records.compare import CompareRecord
from stages.records.measure import AmxBusy, Span
from tests.unit.compare.profiles import profiled
from tests.unit.peers.contenders import measured as contender
from tests.unit.profile.test_roofline import primitive
from tests.unit.quantize.parts import attempt
from tests.unit.records import measured, profile

LOG = Path("tests/data/onednn/itex2150_bf16_AVX512_CORE_BF16.txt")
TOP = "AVX512_CORE_FP16"
PAIR = (("stock", 1.0), ("openvino", 2.0))


def main() -> None:
    """Go through the stages with the new precision."""
    settings = load({"VGG19_PRECISIONS": "fp32,half"})
    assert settings.precisions == ("fp32", "half")
    assert (
        worker_environment({}, "half", TOP, 2, verbose=False)["ITEX_AUTO_MIXED_PRECISION_DATA_TYPE"]
        == "FLOAT16"
    )
    _is_planned()
    _is_proven()
    _is_a_variant()
    _is_shown()
    print("all as it should be")


def _is_planned() -> None:
    flags = frozenset(flag for isa in LADDER[:5] for flag in isa.flags)
    cells = plan_cells(load({"VGG19_PRECISIONS": "half"}), flags, {})
    assert [cell.isa for cell in cells if cell.impossible is None] == [TOP]
    assert cells[0].impossible == f"oneDNN has no F16 convolution below {TOP}"


def _is_proven() -> None:
    text = LOG.read_text().replace("bf16", "f16")
    text = text.replace(
        "isa:Intel AVX-512 with Intel DL Boost and bfloat16 support",
        "isa:Intel AVX-512 with float16, Intel DL Boost and bfloat16 support",
    ).replace("avx512_core_f16", "avx512_core_fp16")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "half.log")
        log.write_text(text)
        trace = TraceResult(Span(begin_ms=0.0, end_ms=5.0), AmxBusy(missing="no amx_tile flag"))
        run = prove(PlannedCell("half", TOP, None), log, trace, {})
    assert run.proof.verdict == "native"
    assert limit_of(primitive(implementation="brgconv:avx512_core_fp16", source_type="f16")) == 2.0


def _is_a_variant() -> None:
    half, settings, none = get_precision("half"), load({}), attempt(layers=[])
    assert why_no_variant(half, settings, frozenset({"avx512_fp16"}), none) == ""
    assert "has no F16" in why_no_variant(half, settings, frozenset(), none)


def _is_shown() -> None:
    cells = [measured(name, TOP, rate) for name, rate in (("fp32", 5.0), ("half", 10.0))]
    record = compare(profiled(profile(*cells)))
    assert [row.precision for row in record.rows] == ["fp32", "half"]
    assert " half " in render(record, {})
    _is_drawn(record)
    own, peer = (contender(name, "half", {1: [[seconds]]}) for name, seconds in PAIR)
    assert [ratio.median for ratio in ratios([own, peer])] == [2.0]
    assert {precision.label for precision in PRECISIONS} >= {"FP16", "INT8"}


def _is_drawn(record: CompareRecord) -> None:
    """Draw the record if this Python can."""
    if importlib.util.find_spec("matplotlib"):
        plots = importlib.import_module("stages.compare.plots")
        with tempfile.TemporaryDirectory() as folder:
            plots.plot_ladder(record, Path(folder, "ladder.png"))


if __name__ == "__main__":
    main()
