import pytest

from stages.compare.effects import compare
from stages.errors import InputCorruptError
from stages.records import Cell
from tests.unit.records import measured, profile


def test_precision_effect_and_isa_effect_are_kept_apart() -> None:
    record = compare(
        profile(
            measured("fp32", "AVX512_CORE", 5.0, accuracy=0.8),
            measured("int8", "AVX512_CORE", 8.0, accuracy=0.6),
            measured("fp32", "AVX512_CORE_VNNI", 5.5, accuracy=0.8),
            measured("int8", "AVX512_CORE_VNNI", 22.0, accuracy=0.8),
        ),
        "sum",
    )
    row = record.rows[-1]
    assert record.isa_reference == "AVX512_CORE"
    assert row.precision_speedup == pytest.approx(22.0 / 5.5)
    assert row.isa_speedup == pytest.approx(22.0 / 8.0)
    assert row.accuracy_loss == pytest.approx(0.0)
    assert record.rows[1].accuracy_loss == pytest.approx(0.25)


def test_without_a_reference_there_is_no_effect() -> None:
    record = compare(
        profile(measured("int8", "AVX2", 4.0), measured("bf16", "AVX512_CORE", 1.0)), ""
    )
    int8, bf16 = record.rows
    assert (int8.precision_speedup, int8.accuracy_loss, int8.isa_speedup) == (None, None, None)
    assert bf16.isa_speedup == 1.0


def test_the_lowest_isa_is_the_reference_where_avx512_was_not_measured() -> None:
    record = compare(
        profile(measured("int8", "AVX512_CORE_VNNI", 20.0), measured("int8", "AVX2", 4.0)), ""
    )
    assert record.isa_reference == "AVX2"
    assert record.rows[0].isa_speedup == pytest.approx(5.0)


def test_impossible_cells_keep_their_reason() -> None:
    impossible = Cell(
        precision="int8", requested_isa="AVX512_CORE_AMX", impossible="no amx_tile flag"
    )
    record = compare(profile(measured("int8", "AVX2", 4.0), impossible), "")
    assert record.impossible == {"int8 AVX512_CORE_AMX": "no amx_tile flag"}
    assert len(record.rows) == 1


def test_a_measurement_without_proof_is_refused() -> None:
    cell = measured("int8", "AVX2", 4.0)
    unproven = Cell(
        precision="int8", requested_isa="AVX2", measurement=cell.measurement, proof=None
    )
    with pytest.raises(InputCorruptError, match="no proven measurement"):
        compare(profile(unproven), "")


def test_accuracy_of_zero_has_no_relative_loss() -> None:
    record = compare(profile(measured("fp32", "AVX2", 4.0, accuracy=0.0)), "")
    assert record.rows[0].accuracy_loss is None
