"""The table of results for people's own tools."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from stages.compare.effects import compare
from stages.compare.inputs import RuntimeProfile
from stages.compare.matrix import render_matrix
from stages.compare.summary import summary_rows, texts_of
from stages.compare.summary_markdown import as_markdown, shown
from stages.records.base import Interval
from stages.records.cell import Cell, Reason, Validity
from stages.records.profile import ProfileRecord
from stages.records.summary import COLUMNS, NAMES, SummaryRow
from tests.unit.compare.profiles import (
    DRIFTED,
    UNEQUAL,
    both_runtimes,
    in_groups,
    of_one_round,
    profiled,
)
from tests.unit.records import HOST, measured, measurement, profile, repeat, run

RATES = (10.0, 9.8, 10.1, 9.9, 10.0, 10.2)
EVIL = '=1+1 | "q"\r\n<b>\x1b[31m\u202e \''


def rows_of(profiles: Sequence[RuntimeProfile]) -> list[SummaryRow]:
    return summary_rows(compare(profiles), profiles)


def one(precision: str, runtime: str, rows: Sequence[SummaryRow]) -> SummaryRow:
    (row,) = (row for row in rows if (row["precision"], row["runtime"]) == (precision, runtime))
    return row


def timed(precision: str, factor: float) -> Cell:
    """Return a cell that was timed in several rounds, which differ."""
    made = measurement(10.0 * factor)
    runs = [run(factor * rate, number) for number, rate in enumerate(RATES, 1)]
    rate = Interval(estimate=10.0 * factor, low=9.8 * factor, high=10.2 * factor)
    latency = Interval(estimate=100 / factor, low=98 / factor, high=102 / factor)
    offline = replace(made.offline, throughput_images_per_s=rate, runs=runs)
    stream = replace(made.single_stream, latency_p50_ms=latency, runs=runs)
    return measured(precision, "AVX2", 10.0 * factor, offline=offline, single_stream=stream)


def of_rounds() -> list[RuntimeProfile]:
    return profiled(profile(timed("fp32", 1.0), timed("int8", 3.0)))


def read(profiles: Sequence[RuntimeProfile]) -> list[dict[str, str]]:
    text = texts_of(compare(profiles), profiles)["summary.csv"]
    return [*csv.DictReader(io.StringIO(text))]


def test_each_figure_is_that_of_the_record_and_its_interval() -> None:
    profiles = of_rounds()
    record = compare(profiles)
    rows = summary_rows(record, profiles)
    assert len(rows) == len(record.rows) == 2
    for row, cell_row in zip(rows, record.rows, strict=True):
        for name, figure in (
            ("throughput_images_per_s", cell_row.throughput_images_per_s),
            ("latency_p50_ms", cell_row.latency_p50_ms),
            ("precision_speedup", cell_row.precision_speedup),
            ("isa_speedup", cell_row.isa_speedup),
            ("top1_fraction", cell_row.accuracy_interval),
        ):
            assert figure
            ends = [row[f"{name}{end}"] for end in ("", "_low", "_high")]
            assert ends == [figure.estimate, figure.low, figure.high]
    assert rows[1]["precision_speedup"] == pytest.approx(3.0)
    assert (rows[1]["rounds"], rows[1]["batch_size_images"]) == (len(RATES), 8)
    assert rows[1]["measurement_sha256"] == "sum of itex"


def test_what_people_read_of_a_row_is_what_the_table_of_compare_shows() -> None:
    profiles = of_rounds()
    record = compare(profiles)
    table = render_matrix(record).splitlines()[1:]
    for row, line in zip(summary_rows(record, profiles), table, strict=True):
        for head in ("isa cap", "precision", "images/s", "p50 ms", "precision effect", "top-1"):
            assert f" {shown(row)[head]} " in f" {line} ", head


def test_every_row_has_every_column_in_its_order_and_of_its_kind() -> None:
    kinds: dict[str, Any] = {
        "text": str,
        "count": int,
        "number": int | float,
        "truth": bool,
        "moment": str,
    }
    rows = rows_of(both_runtimes())
    assert [[*row] for row in rows] == [[*NAMES]] * len(rows)
    for row in rows:
        for column in COLUMNS:
            assert row[column.name] is None or isinstance(row[column.name], kinds[column.kind])
            assert isinstance(row[column.name], bool) == (
                column.kind == "truth" and row[column.name] is not None
            )


def test_a_cell_that_was_not_run_has_its_reason_and_no_figure() -> None:
    rows = rows_of(both_runtimes())
    row = one("bf16", "itex", rows)
    assert (row["status"], row["reasons"]) == ("not_run", "left out")
    assert (row["valid"], row["throughput_images_per_s"], row["run_trusted"]) == (None, None, True)
    assert shown(row)["images/s"] == "-"
    assert shown(row)["status"] == "not run"
    assert [row["status"] for row in rows] == ["ok"] * 4 + ["not_run"] * 3


def test_after_one_round_there_are_no_ends() -> None:
    rows = rows_of(of_one_round())
    assert rows[1]["precision_speedup"] == 4.0
    assert rows[1]["precision_speedup_low"] is rows[1]["throughput_images_per_s_high"] is None
    assert rows[1]["top1_fraction_low"] is not None  # that of the images
    assert shown(rows[1])["precision effect"] == "4.00x (one round)"
    assert rows[1]["status"] == "not_trusted"


@pytest.mark.parametrize(
    ("valid", "trusted", "status"),
    [
        (True, True, "ok"),
        (False, True, "invalid"),
        (True, False, "not_trusted"),
        (False, False, "invalid"),
    ],
)
def test_a_row_in_doubt_says_why(valid: bool, trusted: bool, status: str) -> None:
    reasons: list[Reason] = [] if valid else [DRIFTED]
    validity = Validity(valid=valid, reasons=reasons)
    run = repeat(trusted=trusted, reasons=[] if trusted else [UNEQUAL])
    record: ProfileRecord = profile(measured("fp32", "AVX2", 5.0, validity=validity))
    (row,) = rows_of(profiled(replace(record, repeat=run)))
    assert (row["status"], row["valid"], row["run_trusted"]) == (status, valid, trusted)
    assert ("drifted by -10%" in str(row["reasons"])) == (not valid)
    assert ("gave other classes" in str(row["reasons"])) == (not trusted)


@pytest.mark.parametrize(
    ("known", "machine"), [("m7i.xlarge", "m7i.xlarge"), ("unknown", "Maker Machine")]
)
def test_a_machine_is_called_as_its_cloud_calls_its_type_else_as_its_firmware(
    known: str, machine: str
) -> None:
    host = replace(HOST, machine_type=known)
    (row,) = rows_of(profiled(profile(measured("fp32", "AVX2", 5.0), host=host)))
    assert row["machine"] == machine
    assert row["machine_type"] == (None if known == "unknown" else known)


def test_what_is_not_known_of_a_machine_is_empty_and_a_dash_in_markdown() -> None:
    host = replace(HOST, machine="unknown", machine_type="unknown", cpu_model="unknown", cpu_id="")
    profiles = profiled(profile(measured("fp32", "AVX2", 5.0), host=host))
    (row,) = read(profiles)
    assert [row[name] for name in ("machine", "machine_type", "cpu")] == [""] * 3
    assert "unknown" not in row.values()
    assert as_markdown(rows_of(profiles)).splitlines()[2].startswith("| - | - |")


def test_a_strangers_name_is_one_cell_and_no_formula_in_csv_and_no_markup_in_markdown() -> None:
    host = replace(HOST, machine_type=EVIL, cpu_model=EVIL)
    profiles = profiled(profile(measured("fp32", "AVX2", 5.0), host=host))
    (row,) = read(profiles)
    assert row["machine"].startswith("'=1+1")
    assert (row["precision"], row["throughput_images_per_s"]) == ("fp32", "5.0")
    assert all(char.isprintable() for value in row.values() for char in value)
    head, _, line, *_ = as_markdown(rows_of(profiles)).splitlines()
    assert line.count("|") == head.count("|")
    assert not {"<", "\x1b", "\u202e"} & {*line}


def test_below_the_table_stands_what_was_measured_and_why_it_is_in_doubt() -> None:
    cells = measured("fp32", "AVX2", 5.0, validity=Validity(valid=False, reasons=[DRIFTED]))
    record = profile(cells, measured("int8", "AVX2", 20.0))
    doubtful = replace(record, repeat=repeat(trusted=False, reasons=[UNEQUAL]))
    *_, run, own, of_all = as_markdown(rows_of(profiled(doubtful))).splitlines()
    assert run.startswith("- itex: NOT TO BE TRUSTED: measured 20")
    assert ", model embedded, data embedded, version " in run
    assert own.startswith("- fp32 at AVX2: offline: drifted by ")
    assert of_all.startswith("- all that was measured: the same cell gave other classes")
    trusted = as_markdown(rows_of(profiled(record)))
    assert "NOT TO BE TRUSTED" not in trusted


def test_what_isa_effects_are_relative_to_is_said_and_of_which_machine() -> None:
    caps = [
        [("AVX512_CORE", 5.0), ("AVX512_CORE_AMX", 9.0)],
        [("AVX2", 4.0), ("AVX512_CORE_VNNI", 8.0)],
    ]
    runs = [profiled(profile(*(measured("fp32", *cell) for cell in cells))) for cells in caps]
    first, second = (rows_of(run) for run in runs)
    base = "- ISA effect: images/s over those of the same precision at"
    assert f"{base} AVX512_CORE\n" in as_markdown(first)
    named = [
        {**row, "machine": name} for rows, name in ((first, "a"), (second, "b")) for row in rows
    ]
    assert f"{base} AVX512_CORE (a), AVX2 (b)\n" in as_markdown(named)
    assert base not in as_markdown(first[:1])


def test_rows_of_a_run_in_groups_say_that_their_figures_need_not_divide_to_their_ratio() -> None:
    assert {row["in_groups"] for row in read(in_groups())} == {"true"}
    said = "the figures shown need not divide to them"
    assert said in as_markdown(rows_of(in_groups()))
    assert {row["in_groups"] for row in read(of_rounds())} == {"false"}
    assert said not in as_markdown(rows_of(of_rounds()))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"machine": "b*"}, "the cells of Maker Machine were measured in groups"),
        ({"runtime": "stock"}, "the cells of itex were measured in groups"),
        (
            {"machine": "b*", "runtime": "stock"},
            "the cells of Maker Machine itex were measured in groups",
        ),
        ({"machine": "b*", "in_groups": True}, ": cells were measured in groups"),
    ],
)
def test_the_note_names_the_run_that_was_in_groups_if_another_was_not(
    changed: dict[str, Any], named: str
) -> None:
    rows = rows_of(in_groups())
    others = [{**row, "in_groups": False, **changed} for row in rows]
    assert named in as_markdown([*rows, *others])
