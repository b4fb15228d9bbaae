from dataclasses import replace

import pytest

from stages.compare.effects import compare
from stages.compare.table import render
from stages.errors import InputCorruptError
from stages.records.cell import Cell, Validity
from stages.records.compare import CompareRecord
from tests.unit.compare.profiles import DRIFTED, both_runtimes, impossible, profiled
from tests.unit.records import batches, exactly, measured, measurement, profile, run


def compared(*cells: Cell) -> CompareRecord:
    return compare(profiled(profile(*cells)))


def test_precision_effect_and_isa_effect_are_kept_apart() -> None:
    record = compared(
        measured("fp32", "AVX512_CORE", 5.0, top1=0.8),
        measured("int8", "AVX512_CORE", 8.0, top1=0.6),
        measured("fp32", "AVX512_CORE_VNNI", 5.5, top1=0.8),
        measured("int8", "AVX512_CORE_VNNI", 22.0, top1=0.8),
    )
    row = record.rows[-1]
    assert record.isa_reference == "AVX512_CORE"
    assert row.precision_speedup == exactly(22.0 / 5.5)
    assert row.isa_speedup == exactly(22.0 / 8.0)
    assert row.accuracy_loss == pytest.approx(0.0)
    assert record.rows[1].accuracy_loss == pytest.approx(0.25)


def test_effects_are_within_a_runtime() -> None:
    record = compare(both_runtimes())
    rows = {(row.runtime, row.precision): row for row in record.rows}
    assert rows["itex", "int8"].precision_speedup == exactly(4.0)
    assert rows["stock", "int8"].precision_speedup == exactly(2.5)
    assert rows["itex", "int8"].accuracy_loss == pytest.approx(0.5)
    assert rows["stock", "int8"].accuracy_loss == pytest.approx(0.0)
    assert all(row.isa_speedup == exactly(1.0) for row in record.rows)


def test_runtimes_stand_below_each_other() -> None:
    rows = compare(both_runtimes()).rows
    assert [(row.precision, row.runtime) for row in rows] == [
        *(("fp32", "itex"), ("fp32", "stock")),
        *(("int8", "itex"), ("int8", "stock")),
    ]


def test_each_runtime_keeps_where_it_came_from() -> None:
    record = compare(both_runtimes())
    assert record.profile_sha256 == {"itex": "sum of itex", "stock": "sum of stock"}
    assert list(record.versions) == ["itex", "stock"]


def test_rows_go_from_the_lowest_isa_up_with_precisions_as_asked() -> None:
    record = compared(
        impossible("bf16", "AVX2", "left out"),
        measured("int8", "AVX2", 4.0),
        measured("bf16", "AVX512_CORE", 5.0),
        measured("int8", "AVX512_CORE", 6.0),
        measured("int8_bf16", "AVX512_CORE", 7.0),
    )
    assert [row.precision for row in record.rows] == ["int8", "bf16", "int8", "int8_bf16"]


def test_without_a_reference_there_is_no_effect() -> None:
    record = compared(measured("int8", "AVX2", 4.0), measured("bf16", "AVX512_CORE", 1.0))
    int8, bf16 = record.rows
    assert (int8.precision_speedup, int8.accuracy_loss, int8.isa_speedup) == (None, None, None)
    assert bf16.isa_speedup == exactly(1.0)


def test_the_lowest_isa_is_the_reference_where_avx512_was_not_measured() -> None:
    record = compared(measured("int8", "AVX2", 4.0), measured("int8", "AVX512_CORE_VNNI", 20.0))
    assert record.isa_reference == "AVX2"
    assert record.rows[1].isa_speedup == exactly(5.0)


def test_impossible_cells_keep_their_reason() -> None:
    amx = impossible("int8", "AVX512_CORE_AMX", "no amx_tile flag")
    record = compared(measured("int8", "AVX2", 4.0), amx)
    (left_out,) = record.impossible
    assert (left_out.precision, left_out.isa) == ("int8", "AVX512_CORE_AMX")
    assert (left_out.runtime, left_out.reason) == ("itex", "no amx_tile flag")
    assert len(record.rows) == 1


def test_a_measurement_without_proof_is_refused() -> None:
    cell = measured("int8", "AVX2", 4.0)
    unproven = Cell(
        precision="int8", requested_isa="AVX2", measurement=cell.measurement, proof=None
    )
    with pytest.raises(InputCorruptError, match="no proven measurement"):
        compared(unproven)


def test_accuracy_of_zero_has_no_relative_loss() -> None:
    record = compared(measured("fp32", "AVX2", 4.0, top1=0.0))
    assert record.rows[0].accuracy_loss is None


def rated(precision: str, isa: str, *rates: float) -> Cell:
    """Return a cell that had these rates, round by round."""
    runs = [
        run(rate, number, instances=[batches(1 / rate)])
        for number, rate in enumerate(rates, start=1)
    ]
    offline = replace(measurement(rates[0]).offline, runs=runs)
    return measured(precision, isa, rates[0], offline=offline)


def test_effects_are_paired_by_round_with_an_interval() -> None:
    # The machine's speed halves in the second round, for both.
    fp32 = rated("fp32", "AVX2", 4.0, 2.0, 4.0)
    assert compared(fp32, rated("int8", "AVX2", 8.0, 4.0, 8.0)).rows[1].precision_speedup == (
        exactly(2.0)
    )
    effect = compared(fp32, rated("int8", "AVX2", 8.0, 5.0, 8.4)).rows[1].precision_speedup
    assert effect
    assert (effect.low, effect.estimate) == pytest.approx((2.0, 2.0))
    assert 2.05 < effect.high <= 2.5


def test_a_verdict_and_its_reasons_are_kept() -> None:
    reasons = [DRIFTED]
    bad = Validity(valid=False, reasons=reasons)
    (row,) = compared(measured("int8", "AVX2", 4.0, validity=bad)).rows
    assert (row.valid, row.reasons) == (False, reasons)


def test_a_cell_that_is_the_same_as_another_has_its_figures_and_its_own_proof() -> None:
    proof = measured("fp32", "AVX512_CORE_VNNI", 1.0, verdict="same-as AVX512_CORE").proof
    same = Cell(
        precision="fp32", requested_isa="AVX512_CORE_VNNI", same_as="AVX512_CORE", proof=proof
    )
    record = compared(
        measured("fp32", "AVX512_CORE", 5.0), same, measured("int8", "AVX512_CORE_VNNI", 20.0)
    )
    fp32 = record.rows[1]
    assert (fp32.isa, fp32.verdict) == ("AVX512_CORE_VNNI", "same-as AVX512_CORE")
    assert fp32.throughput_images_per_s == exactly(5.0)
    assert record.rows[2].precision_speedup == exactly(4.0)


def test_a_cell_with_figures_of_its_own_is_not_called_the_double_of_another() -> None:
    # As by VGG19_ALL_CELLS=1, which also times what runs the same kernels.
    own = measured("fp32", "AVX512_CORE_VNNI", 2.0, verdict="same-as AVX512_CORE")
    first, second = compared(measured("fp32", "AVX512_CORE", 4.0), own).rows
    assert (first.verdict, second.verdict) == ("native", "native")
    assert second.throughput_images_per_s.estimate == 2.0


def test_a_loss_is_undefined_if_fp32_is_never_right() -> None:
    record = profile(measured("fp32", "AVX2", 3.0, top1=0.0), measured("int8", "AVX2", 4.0))
    found = compare(profiled(record))
    assert [row.accuracy_loss for row in found.rows] == [None, None]
    fp32, int8 = (line for line in render(found, {}).splitlines() if line.startswith("AVX2 "))
    assert " undefined  " in fp32
    assert " undefined (p < 0.001)  " in int8
    alone = compare(profiled(profile(measured("int8", "AVX2", 4.0))))
    assert "undefined" not in render(alone, {})
