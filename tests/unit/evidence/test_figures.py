"""Figures in summary.csv are checked, also where another version wrote it in other words."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stages.artifacts import Artifacts, read_record, write_record
from stages.errors import InputCorruptError
from stages.evidence.check import check
from stages.evidence.collect import ARTIFACTS_FOLDER, collect
from stages.evidence.figures import require_figures
from stages.files.checksums import write_checksums
from stages.records.compare import CompareRecord
from tests.unit.evidence.parts import pipeline, rehashed

Table = list[list[str]]


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Artifacts:
    return pipeline(tmp_path_factory.mktemp("artifacts"))


def edited(text: str, edit: Callable[[Table], None]) -> str:
    """Return a table as another version may have written it."""
    table = [*csv.reader(io.StringIO(text))]
    edit(table)
    stream = io.StringIO()
    csv.writer(stream).writerows(table)
    return stream.getvalue()


def change(column: str, make: Callable[[str], str]) -> Callable[[Table], None]:
    """Return an edit of a column's value in the first row."""

    def edit(table: Table) -> None:
        place = table[0].index(column)
        table[1][place] = make(table[1][place])

    return edit


def more(text: str) -> str:
    return str(float(text) + 100)


def rename(table: Table) -> None:
    table[0][table[0].index("machine_type")] = "kind of machine"


def reorder(table: Table) -> None:
    for row in table:
        row.reverse()


@pytest.mark.parametrize(
    "edit",
    [
        rename,
        reorder,
        lambda table: [row.append("more") for row in table],
        change("machine", lambda _: "another name"),
        change("throughput_images_per_s", lambda text: f"{float(text):.15e}"),
    ],
)
def test_other_words_columns_and_digits_are_no_fault(
    edit: Callable[[Table], None], artifacts: Artifacts, tmp_path: Path
) -> None:
    derived = artifacts.compare.summary_csv.read_text()
    (tmp_path / "table.csv").write_text(edited(derived, edit))
    require_figures(tmp_path / "table.csv", derived)


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (change("throughput_images_per_s", more), "throughput_images_per_s of itex .* is"),
        (change("latency_p50_ms", lambda _: ""), "latency_p50_ms of itex .* is empty"),
        (change("rounds", more), "rounds of itex"),
        (change("status", lambda _: "OK"), "status of itex .* is OK"),
        (change("precision", lambda _: "fp64"), "has other cells than its record"),
        (lambda table: table.pop(), "has other cells than its record"),
        (lambda table: table.append(table[-1]), "is no table of results"),
        (lambda table: table.append(["9"] * 99), "is no table of results"),
        (lambda table: table.clear(), "is no table of results"),
        (change("throughput_images_per_s", lambda _: "\033[31m1"), r"is \?|\\x1b|no table"),
    ],
)
def test_another_figure_is_rejected(
    edit: Callable[[Table], None], problem: str, artifacts: Artifacts, tmp_path: Path
) -> None:
    derived = artifacts.compare.summary_csv.read_text()
    (tmp_path / "table.csv").write_text(edited(derived, edit))
    with pytest.raises(InputCorruptError, match=problem) as raised:
        require_figures(tmp_path / "table.csv", derived)
    assert "\033" not in str(raised.value)


def test_a_bundle_that_says_it_is_of_another_version_hides_no_figure(
    artifacts: Artifacts, tmp_path: Path
) -> None:
    folder = tmp_path / "bundle"
    collect(artifacts, folder)
    write_checksums(folder)
    record = folder / ARTIFACTS_FOLDER / "compare" / "compare.json"
    compared = read_record(record, CompareRecord)
    write_record(record, replace(compared, maker=replace(compared.maker, source="0" * 64)))
    table = record.with_name("summary.csv")
    table.write_text(edited(table.read_text(), change("throughput_images_per_s", more)))
    for path in (record, table):
        rehashed(folder, path)
    with pytest.raises(InputCorruptError, match="throughput_images_per_s of itex"):
        check(folder)
