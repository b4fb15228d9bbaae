"""The cells of all machines for spreadsheets and pages."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages.errors import NotWritableError
from stages.machines.export import as_csv, as_markdown
from stages.records.cell import Cell, Reason
from tests.unit.machines.parts import RATES, cell, entries, leave, measure, shown
from tests.unit.machines.test_costs import prices
from tests.unit.records import profile, repeat, same_as

FORMULA = "=cmd|' /C calc'!A0"
MARKUP = "<img src=x onerror=1> | \r\n| [a](http://b) `c` *d* www.e.org \u202e\x1b[31m"


def rows_of(text: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(text))]


def test_the_figures_are_those_of_the_table_with_units_in_the_heads(tmp_path: Path) -> None:
    first = measure(tmp_path / "a", cell("fp32", "AVX2", *RATES), cell("int8", "AVX2", *RATES))
    other = measure(tmp_path / "b", cell("int8", "AVX2", *(2 * rate for rate in RATES), top1=0.9))
    rows = rows_of(as_csv(entries(first, other)))
    assert [(row["precision"], row["machine"]) for row in rows] == [
        ("fp32", "a"),
        ("int8", "a"),
        ("int8", "b"),
    ]
    assert rows[2]["throughput_images_per_s"] == "20.0"
    assert rows[2]["throughput_ratio_to_first_machine"] == "2.0"
    assert rows[1]["throughput_ratio_to_first_machine"] == ""
    assert rows[1]["top1_loss_fraction"] == "0.0"
    assert rows[2]["top1_loss_fraction"] == ""
    assert rows[2]["latency_p99_ms"] == ""
    assert rows[2]["run_trusted"] == "true"
    assert "cost" not in " ".join(rows[0])


def test_after_one_round_no_interval_is_written(tmp_path: Path) -> None:
    few = Reason(kind="few_rounds", numbers={"rounds": 1})
    timed = cell("fp32", "AVX2", RATES[0])
    again = repeat(precision="fp32", trusted=False, reasons=[few], measurement=timed.measurement)
    folder = leave(tmp_path / "a", replace(profile(timed), repeat=again))
    once = entries(folder)
    (row,) = rows_of(as_csv(once))
    assert row["throughput_images_per_s"] == "10.0"
    assert row["throughput_images_per_s_low"] == row["latency_p50_ms_high"] == ""
    assert "10.00 (one round)" in as_markdown(once)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", " =", "\uff1d"])
def test_no_name_is_a_formula(tmp_path: Path, begin: str) -> None:
    folder = measure(tmp_path / "a", cell("fp32", "AVX2", *RATES), cpu_model=f"{begin}1+1")
    (row,) = rows_of(as_csv(entries(folder)))
    assert re.match(r"['\\]", row["cpu"])


@pytest.mark.parametrize("before", ["", " ", "'", "a;", "a; ", 'a;"', "a|", "a;b;"])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])  # noqa: RUF001
def test_a_name_is_no_formula_either_if_semicolons_separate_cells(
    tmp_path: Path, before: str, sign: str
) -> None:
    folder = measure(tmp_path / "a", cell("fp32", "AVX2", *RATES), machine_type=f"{before}{sign}1")
    text = as_csv(entries(folder))
    for separator in ",;|":
        for line in csv.reader(io.StringIO(text), delimiter=separator):
            assert not [text for text in line if text.lstrip(' "').startswith(sign)]


def test_a_name_is_one_cell_on_one_line_whatever_it_holds(tmp_path: Path) -> None:
    evil = f'a","b\r\n{FORMULA}\x00'
    folder = measure(tmp_path / "a", cell("fp32", "AVX2", *RATES), machine_type=evil)
    text = as_csv(entries(folder))
    assert len(text.splitlines()) == 2
    (row,) = rows_of(text)
    assert row["machine_type"].startswith('a","b')
    assert row["precision"] == "fp32"


@pytest.mark.parametrize("of_host", ["cpu_model", "machine_type"])
def test_a_name_is_no_markup(tmp_path: Path, of_host: str) -> None:
    folder = measure(
        tmp_path / "a", cell("fp32", "AVX2", *RATES), **dict[str, Any]({of_host: MARKUP})
    )
    *table, blank, note = as_markdown(entries(folder)).splitlines()
    assert (len(table), blank, note[:2]) == (3, "", "- ")
    assert len({line.count("|") for line in table}) == 1
    assert not re.search(r"[<>`*\[\]\x1b\u202e]|http:|www\.", table[2] + note)


def test_a_cell_with_anothers_figures_says_so(tmp_path: Path) -> None:
    same = same_as("fp32", "AVX512_CORE", "AVX2")
    found = entries(measure(tmp_path / "a", same, cell("fp32", "AVX2", *RATES)))
    assert [row["verdict"] for row in rows_of(as_csv(found))] == ["native", "same-as AVX2"]
    assert as_markdown(found).splitlines()[3].endswith("| same-as AVX2 |")


def test_a_cell_that_was_not_run_has_a_row_with_the_reason(tmp_path: Path) -> None:
    missing = Cell(precision="bf16", requested_isa="AVX2", impossible="no avx512_bf16 flag")
    first, other = (
        measure(tmp_path / name, missing, cell("fp32", "AVX2", *RATES)) for name in ("a", "b")
    )
    found = entries(first, other)
    rows = rows_of(as_csv(found))
    assert [(row["machine"], row["precision"], row["status"]) for row in rows] == [
        ("a", "fp32", "ok"),
        ("b", "fp32", "ok"),
        ("a", "bf16", "not_run"),
        ("b", "bf16", "not_run"),
    ]
    assert rows[2]["reasons"] == "no avx512_bf16 flag"
    assert rows[2]["throughput_ratio_to_first_machine"] == ""
    lines = as_markdown(found).splitlines()
    assert lines[5].startswith("| b |")
    assert lines[5].endswith("| not run |")
    assert lines[-1].startswith("- a bf16 at AVX2; b bf16 at AVX2: no avx512")


def test_files_are_named_on_one_line_whatever_the_folder_is_called(tmp_path: Path) -> None:
    folder = f"small={measure(tmp_path / 'a', cell('fp32', 'AVX2', *RATES))}"
    output = tmp_path / "a\n\x1b[31mb"
    output.mkdir()
    text = shown(folder, output=str(output))
    assert r"/a\n\x1b[31mb/summary.csv" in text
    assert "\x1b" not in text


def test_both_are_written_and_replaced_whole(tmp_path: Path) -> None:
    folder = f"small={measure(tmp_path / 'a', cell('fp32', 'AVX2', *RATES))}"
    output = tmp_path / "output"
    output.mkdir()
    for _ in range(2):
        text = shown(folder, output=str(output), prices=prices(tmp_path))
    assert f"diff: wrote {output / 'summary.csv'}" in text
    assert f"diff: replaced the file {output / 'summary.md'}" in text
    assert sorted(path.name for path in output.iterdir()) == ["summary.csv", "summary.md"]
    (row,) = rows_of((output / "summary.csv").read_text())
    assert float(row["cost_per_million_images_USD"]) == pytest.approx(10.0)
    assert "USD a million" in (output / "summary.md").read_text()


def test_nothing_is_written_among_the_artifacts_or_into_no_folder(tmp_path: Path) -> None:
    folder = measure(tmp_path / "a", cell("fp32", "AVX2", *RATES))
    for output in (folder, folder / "profile", tmp_path / "none"):
        with pytest.raises(NotWritableError):
            shown(folder, output=str(output))
