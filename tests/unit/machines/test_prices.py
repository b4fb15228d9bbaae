"""The table of prices, which a person fills in."""

import errno
import os
from datetime import date
from pathlib import Path

import pytest

from docker.paths import DOCS
from stages.errors import SettingsError
from stages.machines import prices
from stages.machines.prices import COLUMNS, PriceTable, prices_of, read_prices, today
from tests.unit.machines.parts import RATES, cell, measure, read

HEAD = ",".join(COLUMNS)
ROW = "m7i.large,Amazon,eu-west-1,EUR,0.25,2,2026-11-20,a price list"
LATEST = date(2026, 11, 27)


def table(folder: Path, *rows: str, head: str = HEAD) -> PriceTable:
    path = folder / "prices.csv"
    path.write_text("\n".join([head, *rows]))
    return read_prices(path, LATEST)


def changed(column: str, value: str) -> str:
    cells = ROW.split(",")
    cells[COLUMNS.index(column)] = value
    return ",".join(cells)


def test_the_form_that_is_shipped_has_all_columns_and_no_price() -> None:
    assert read_prices(DOCS / "prices.csv", LATEST).prices == {}


def test_a_row_is_read_among_comments_and_empty_lines(tmp_path: Path) -> None:
    quoted = changed("source", '"a list, of that day"').replace("m7i.large", "other")
    prices = table(
        tmp_path, "# a comment", "", ROW, " ,,", quoted, head=f"\ufeff# x\n{HEAD}"
    ).prices
    price = prices["m7i.large"]
    assert (price.per_hour, price.vcpus, price.currency) == (0.25, 2, "EUR")
    assert price.day == date(2026, 11, 20)
    assert prices["other"].source == "a list, of that day"


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("price_per_hour", "0", "a number above 0"),
        ("price_per_hour", "-1", "a number above 0"),
        ("price_per_hour", "0.000", "a number above 0"),
        ("price_per_hour", "nan", "a number above 0"),
        ("price_per_hour", "inf", "a number above 0"),
        ("price_per_hour", "1e3", "a number above 0"),
        ("price_per_hour", "٣", "a number above 0"),
        ("price_per_hour", "", "a number above 0"),
        ("billed_vcpus", "0", "a whole number from 1 to 99999"),
        ("billed_vcpus", "2.5", "a whole number from 1 to 99999"),
        ("currency", "euro", "three capital letters"),
        ("currency", "€", "three capital letters"),
        ("date", "2026-11-28", "is in the future"),
        ("date", "2026-02-30", "give the day"),
        ("date", "27.11.2026", "give the day"),
        ("machine_type", "", "machine_type is empty"),
        ("provider", "x" * 300, "provider is empty, or too long"),
        ("source", " ", "source is empty"),
    ],
)
def test_a_cell_that_can_not_be_so_is_named_with_its_line(
    tmp_path: Path, column: str, value: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=rf"prices.csv, line 3: {column} .*") as raised:
        table(tmp_path, "# comment", changed(column, value))
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"# only a comment", "is empty"),
        (HEAD.replace(",", ";").encode(), "the columns must be machine_type,"),
        (f"{HEAD}\na,b".encode(), "line 2: it has 2 cells, not 8"),
        (f"{HEAD}\n{ROW}\n{ROW}".encode(), "line 3: m7i.large is there twice"),
        (f'{HEAD}\n"a'.encode(), "line 2: it is no row of a CSV file"),
        (b"\xff\xfe", "is no text in UTF-8"),
        (b"x" * (2**20 + 1), "is larger than"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "prices.csv").write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        read_prices(tmp_path / "prices.csv", LATEST)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "source",
    ["two\nlines", "two\r\nlines", "# no comment\n# nor this\n\n", "a\u2028b\x85c\x0cd"],
)
def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path, source: str) -> None:
    above = changed("source", f'"{source}"').replace("m7i.large", "other")
    breaks = source.count("\n")
    (tmp_path / "prices.csv").write_text(f"{HEAD}\n{above}\n", newline="")
    price = read_prices(tmp_path / "prices.csv", LATEST).prices["other"]
    assert price.source == source.strip()
    (tmp_path / "prices.csv").write_text(f"{HEAD}\n{above}\nwrong\n", newline="")
    with pytest.raises(SettingsError, match=f"line {3 + breaks}: it has 1 cells"):
        read_prices(tmp_path / "prices.csv", LATEST)


def test_what_may_not_be_read_is_said_to_be_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(prices, "read_given", denied)
    with pytest.raises(SettingsError, match=r"\(Permission denied\); let user .* read it"):
        read_prices(tmp_path / "prices.csv", LATEST)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "none", Path("/dev/zero"), tmp_path / "fifo"):
        with pytest.raises(SettingsError, match="it is no file"):
            read_prices(path, LATEST)


def test_a_file_that_the_kernel_makes_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/proc/self/mounts")
    for path in (Path("/proc/self/mounts"), tmp_path / "link"):
        with pytest.raises(SettingsError, match="is empty"):
            read_prices(path, LATEST)


def test_a_price_goes_by_the_name_given_then_by_the_type_recorded(tmp_path: Path) -> None:
    spot = ROW.replace("m7i.large", "spot").replace("0.25", "0.05")
    prices = table(tmp_path, ROW, spot)
    one = cell("fp32", "AVX2", *RATES)
    folder = measure(tmp_path / "a", one, machine_type="m7i.large")
    for given, per_hour in ((folder, 0.25), (f"spot={folder}", 0.05), (f"mine={folder}", 0.25)):
        (machine,) = read(given)
        assert prices.price_of(machine).per_hour == per_hour


def test_a_machine_without_a_price_is_named_with_what_to_do(tmp_path: Path) -> None:
    one = cell("fp32", "AVX2", *RATES)
    prices = table(tmp_path, ROW)
    (known,) = read(measure(tmp_path / "a", one, machine_type="m7i.larger"))
    with pytest.raises(
        SettingsError, match=r"has no price of 'm7i.larger' \(did you mean m7i.large"
    ):
        prices.price_of(known)
    (unknown,) = read(measure(tmp_path / "b", one))
    with pytest.raises(SettingsError, match=r"the type of b was not recorded; .* TYPE=PATH"):
        prices.price_of(unknown)


@pytest.mark.parametrize("pinned", [[0], [0, 1, 2]])
def test_a_machine_with_more_cpus_than_are_paid_for_is_refused(
    tmp_path: Path, pinned: list[int]
) -> None:
    folder = measure(
        tmp_path / "a",
        cell("fp32", "AVX2", *RATES),
        cores_pinned=pinned,
        cores_allowed=[0, 1, 2],
    )
    (machine,) = read(f"m7i.large={folder}")
    with pytest.raises(SettingsError, match=r"has 2 billed_vcpus for m7i.large, but .* 3 CPUs"):
        table(tmp_path, ROW).price_of(machine)


def test_two_currencies_are_refused_only_if_both_are_needed(tmp_path: Path) -> None:
    prices = table(tmp_path, ROW, ROW.replace("m7i.large", "other").replace("EUR", "USD"))
    folders = [
        measure(tmp_path / kernel, cell("fp32", "AVX2", *RATES), kernel=kernel) for kernel in "ab"
    ]
    both = read(f"m7i.large={folders[0]}", f"other={folders[1]}")
    assert prices_of(both[:1], prices)
    with pytest.raises(SettingsError, match=r"prices in EUR \(m7i.large\) and USD \(other\)"):
        prices_of(both, prices)


def test_a_price_of_today_is_not_in_the_future_anywhere() -> None:
    assert today() >= date.today()
