from dataclasses import replace
from typing import Any

import pytest

from stages.compare.limits import COLUMNS, limit_rows, render_limits
from stages.records.cell import Cell
from stages.records.profile import Layout
from stages.records.proof import Roofline
from tests.unit.records import measured, profile

ROOFLINE = Roofline(
    traced_ms=1.0,
    operations_per_image=39_000_000_000,
    achieved_gops=200.0,
    best_gops=240.0,
    limit=1.0,
    at_best_rate=0.9,
    slower_kernels=0.05,
    pooling=0.01,
    reorders=0.02,
    other=0.005,
    framework=0.015,
    primitives=[],
)


def cell(precision: str, isa: str, **changes: Any) -> Cell:
    return replace(measured(precision, isa, 4.0), roofline=replace(ROOFLINE, **changes))


def test_a_kernel_is_held_against_fp32s_at_the_same_cap() -> None:
    rows = limit_rows(
        profile(
            cell("fp32", "AVX2", best_gops=120.0),
            cell("fp32", "AVX512_CORE_VNNI"),
            cell("int8", "AVX512_CORE_VNNI", best_gops=960.0, limit=4.0),
            cell("bf16", "AVX512_CORE", best_gops=60.0, limit=None),
        )
    )
    assert [row.best_over_fp32 for row in rows] == [1.0, 1.0, 4.0, None]


def test_it_reads_as_a_table() -> None:
    record = profile(cell("int8", "AVX512_CORE", best_gops=960.4, limit=None), runtime="stock")
    head, row = render_limits(limit_rows(record), ["stock"]).splitlines()[:2]
    assert "runtime" not in head
    fractions = ["90.0%", "5.0%", "1.0%", "2.0%", "0.5%", "1.5%"]
    assert row.split() == ["AVX512_CORE", "int8", "200", "960", "-", "-", *fractions]
    head, row = render_limits(limit_rows(record), ["itex", "stock"]).splitlines()[:2]
    assert row[head.index("runtime") :].startswith("stock ")


def test_a_kernel_is_held_against_fp32s_though_that_was_measured_at_a_lower_cap() -> None:
    same = Cell(precision="fp32", requested_isa="AVX512_CORE_VNNI", same_as="AVX512_CORE")
    int8 = cell("int8", "AVX512_CORE_VNNI", best_gops=960.0)
    _, row = limit_rows(profile(cell("fp32", "AVX512_CORE"), same, int8))
    assert (row.precision, row.best_over_fp32) == ("int8", 4.0)


def test_what_no_hardware_can_do_is_said_to_be_disturbed_and_not_shown_as_a_fact() -> None:
    _, fp32, int8, *notes = render_limits(
        limit_rows(
            profile(
                cell("fp32", "AVX512_CORE_VNNI", best_gops=60.0, achieved_gops=55.0),
                cell("int8", "AVX512_CORE_VNNI", best_gops=962.4, achieved_gops=800.0, limit=4.0),
            )
        ),
        ["itex"],
    ).splitlines()
    assert int8.split()[4] == "disturbed"
    assert notes[-1].split(maxsplit=1) == [
        "disturbed",
        "more than the hardware can do; measure again with --force profile",
    ]
    assert "16.04x" not in int8
    assert "4.00x" in int8
    assert "disturbed" not in fp32
    assert "1.00x" in fp32


def test_the_rate_of_a_cell_whose_throughput_is_invalid_is_marked_and_no_other() -> None:
    rows = limit_rows(profile(cell("fp32", "AVX2"), cell("int8", "AVX2")))
    _, fp32, int8, *notes = render_limits(rows, ["itex"], {("itex", "int8", "AVX2")}).splitlines()
    assert "INVALID" not in fp32
    assert int8.split()[2:4] == ["200,", "INVALID"]
    assert "images/s that can't be relied on" in notes[-1]
    assert "INVALID" not in render_limits(rows, ["itex"])


@pytest.mark.parametrize(
    ("precision", "changes", "disturbed"),
    [
        # FP32's best kernel does not quite do what its instructions can.
        ("int8", {"best_gops": 993.6, "limit": 4.0}, False),
        ("int8", {"best_gops": 1100.0, "limit": 4.0}, True),
        ("int8", {"best_gops": 9000.0, "limit": None}, False),
        # All of it, faster than its fastest kernel.
        ("fp32", {"achieved_gops": 300.0}, True),
        ("fp32", {"best_gops": 0.0}, False),
    ],
)
def test_a_figure_is_disturbed_if_it_exceeds_a_limit_that_is_known(
    precision: str, changes: dict[str, Any], disturbed: bool
) -> None:
    cells = [cell("fp32", "AVX2"), cell(precision, "AVX2", **changes)]
    assert limit_rows(profile(*cells[precision == "fp32" :]))[-1].disturbed is disturbed


def test_several_instances_do_more_than_the_kernel_of_one() -> None:
    record = profile(cell("fp32", "AVX2", achieved_gops=450.0))
    two = replace(record, layout=Layout(num_instances=2, cores_per_instance=1))
    assert [row.disturbed for row in (*limit_rows(record), *limit_rows(two))] == [True, False]


def test_each_column_is_explained_and_what_does_not_follow_from_others_is_said() -> None:
    lines = render_limits(limit_rows(profile(cell("fp32", "AVX2"))), ["itex"]).splitlines()
    notes = {name: line for name in COLUMNS[2:8] for line in lines if line.startswith(f"{name}  ")}
    assert [*notes] == [*COLUMNS[2:8]]
    assert "not GOP/s over best kernel" in notes["at best rate"]
    assert "x FP32's may be up to a tenth above" in notes["at most"]
