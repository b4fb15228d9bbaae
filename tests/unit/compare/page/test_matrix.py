"""The matrix of the page: each cell as what it is."""

from dataclasses import replace

from stages.common.reasons import MEASURED_IF_ASKED
from stages.compare.effects import compare
from stages.compare.page.matrix import Square, matrices
from stages.compare.page.seen import Seen
from stages.isa import AMX
from stages.records.cell import Validity
from tests.unit.compare.profiles import (
    DRIFTED,
    DRIFTED_LATENCY,
    both_runtimes,
    impossible,
    profiled,
)
from tests.unit.records import measured, profile

VNNI = "AVX512_CORE_VNNI"


def squares() -> dict[str, Square]:
    bad = Validity(valid=False, reasons=[DRIFTED])
    cells = [
        measured("fp32", "AVX2", 5.0),
        replace(measured("fp32", VNNI, 5.0), same_as="AVX2", measurement=None),
        measured("int8", VNNI, 20.0, validity=bad),
        impossible("int8", AMX, "no amx_tile flag"),
    ]
    profiles = profiled(profile(*cells))
    (matrix,) = matrices(Seen(compare(profiles), profiles))
    assert matrix.precisions == ["FP32", "INT8"]
    assert [line.label for line in matrix.lines] == ["AVX2", "AVX-512 VNNI", "AMX"]
    return {one.name: one for line in matrix.lines for one in line.squares}


def test_each_cell_is_what_it_is() -> None:
    kinds = {name: one.kind for name, one in squares().items()}
    assert kinds == {
        "FP32 at AVX2": "measured",
        "INT8 at AVX2": "absent",
        "FP32 at AVX-512 VNNI": "derived",
        "INT8 at AVX-512 VNNI": "measured",
        "FP32 at AMX": "absent",
        "INT8 at AMX": "impossible",
    }


def test_a_latency_that_is_invalid_is_marked_where_the_rate_is_not() -> None:
    bad = Validity(valid=False, reasons=[DRIFTED_LATENCY])
    profiles = profiled(profile(measured("fp32", "AVX2", 5.0, validity=bad)))
    (matrix,) = matrices(Seen(compare(profiles), profiles))
    ((square,),) = [line.squares for line in matrix.lines]
    assert (square.valid, square.latency_valid) == (True, False)


def test_what_was_not_asked_for_is_not_called_impossible() -> None:
    reason = f"BF16 would be emulated, slower than FP32; {MEASURED_IF_ASKED}"
    profiles = profiled(
        profile(
            measured("fp32", VNNI, 5.0),
            impossible("bf16", VNNI, reason),
            impossible("bf16", AMX, "no flag"),
        )
    )
    (matrix,) = matrices(Seen(compare(profiles), profiles))
    kinds = {one.name: one.kind for line in matrix.lines for one in line.squares}
    assert kinds["BF16 at AVX-512 VNNI"] == "unasked"
    assert kinds["BF16 at AMX"] == "impossible"


def test_what_could_not_run_has_a_reason_and_no_rate() -> None:
    cell = squares()["INT8 at AMX"]
    assert (cell.rate, cell.reasons) == ("", ["no amx_tile flag"])


def test_a_cell_has_its_proof_and_why_it_is_invalid() -> None:
    cell = squares()["INT8 at AVX-512 VNNI"]
    assert (cell.rate, cell.valid) == ("20.00", False)
    assert "drifted by -10%" in cell.reasons[0]
    assert [kernel.implementation for kernel in cell.kernels] == ["jit:x"]
    assert dict(cell.facts)["log"] == "proof/log"
    assert "no amx_tile flag" in dict(cell.facts)["tile unit busy"]


def test_a_rate_is_not_called_invalid_for_its_latency() -> None:
    bad = Validity(valid=False, reasons=[DRIFTED_LATENCY])
    profiles = profiled(profile(measured("int8", VNNI, 20.0, validity=bad)))
    (matrix,) = matrices(Seen(compare(profiles), profiles))
    (cell,) = matrix.lines[0].squares
    assert cell.valid
    assert cell.reasons[0].startswith("single-stream: drifted by -10%")


def test_a_cell_with_the_figures_of_another_says_so() -> None:
    cell = squares()["FP32 at AVX-512 VNNI"]
    assert cell.verdict == "same-as AVX2"
    assert "the same kernels as at AVX2" in dict(cell.facts)["timed"]


def test_each_runtime_has_a_matrix() -> None:
    profiles = both_runtimes()
    found = matrices(Seen(compare(profiles), profiles))
    assert [matrix.runtime for matrix in found] == ["itex", "stock"]
