from stages.compare.effects import compare
from stages.compare.table import render
from stages.profile.summary import summaries
from stages.records import Cell
from tests.unit.records import measured, profile

IMPOSSIBLE = Cell(precision="int8", requested_isa="AVX512_CORE_AMX", impossible="no amx_tile flag")
RECORD = profile(
    measured("fp32", "AVX512_CORE_VNNI", 5.0, accuracy=0.98),
    measured("int8", "AVX512_CORE_VNNI", 20.0, accuracy=0.97),
    IMPOSSIBLE,
)


def test_the_matrix_shows_figures_effects_and_verdict() -> None:
    lines = render(compare(RECORD, ""), summaries(RECORD)).splitlines()
    (int8,) = [line for line in lines if line.startswith("AVX512_CORE_VNNI  int8")]
    assert int8.split() == [
        *("AVX512_CORE_VNNI", "int8", "20.00", "50.0", "-", "97.0%", "+1.02%"),
        *("4.00x", "1.00x", "native", "jit:x"),
    ]


def test_the_model_table_people_know_is_there() -> None:
    text = render(compare(RECORD, ""), summaries(RECORD))
    header = next(line for line in text.splitlines() if line.startswith("Model"))
    assert header.split() == ["Model", "(AVX512_CORE_VNNI)", "FP32", "INT8"]
    assert "throughput, images/s      5.00    20.00" in text


def test_what_could_not_run_says_why() -> None:
    assert "not run: int8 AVX512_CORE_AMX  no amx_tile flag" in render(compare(RECORD, ""), [])
