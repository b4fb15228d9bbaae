"""What machines cost by the hour: a table that the user keeps, in CSV."""

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from itertools import chain
from pathlib import Path

from stages.errors import SettingsError
from stages.files.member import read_given
from stages.machines.machine import Machine
from stages.program.printable import printable
from stages.program.user import this_user
from stages.records.base import Interval
from stages.setting.suggestion import quoted

COLUMNS = (
    *("machine_type", "provider", "region"),
    *("currency", "price_per_hour", "billed_vcpus", "date", "source"),
)
FORM = "docs/prices.csv is an empty form"
COMMENT = "#"
MAX_BYTES = 2**20
MAX_TEXT = 200
SECONDS_PER_HOUR, MILLION = 3600, 1e6
_CURRENCY = re.compile(r"[A-Z]{3}")
_PRICE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
_COUNT = re.compile(r"[1-9][0-9]{0,4}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a machine of a type costs by the hour, in a currency of ISO 4217.

    `vcpus` are those that are paid for, used or not; `day` is when the price was looked up.
    """

    machine_type: str
    provider: str
    region: str
    currency: str
    per_hour: float
    vcpus: int
    day: date
    source: str

    def per_million(self, rate: Interval) -> Interval | None:
        """Return what a million images cost at images per second; None if there were none.

        The interval is that of the images per second. It has no upper end if they may be 0.
        """
        if not rate.estimate:
            return None
        paid = self.per_hour / SECONDS_PER_HOUR * MILLION
        high = paid / rate.low if rate.low else math.inf
        return Interval(estimate=paid / rate.estimate, low=paid / rate.high, high=high)


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The prices in a file, by type of machine."""

    path: Path
    prices: Mapping[str, Price]

    def price_of(self, machine: Machine) -> Price:
        """Return the price of a machine: that of the name it was given, else of its type.

        Raises SettingsError if there is none, or if fewer CPUs are paid for than the machine has:
        it would be the price of another, whose neighbours are not idle.
        """
        found = self.prices.get(machine.given) or self.prices.get(machine.type)
        if not found:
            raise SettingsError(self._why_none(machine))
        there = len({*machine.host.cores_allowed, *machine.host.cores_pinned})
        if there > found.vcpus:
            raise SettingsError(
                f"{self.path} has {found.vcpus} billed_vcpus for {found.machine_type}, but "
                f"{machine.name} has {there} CPUs, used or not; give the price of all of them"
            )
        return found

    def _why_none(self, machine: Machine) -> str:
        if machine.type or machine.given:
            name = quoted(machine.given or machine.type, self.prices)
            return f"{self.path} has no price of {name}; add a row with that machine_type"
        return (
            f"the type of {machine.name} was not recorded; name it as a machine_type of "
            f"{self.path}: TYPE=PATH"
        )


def prices_of(machines: Sequence[Machine], table: PriceTable) -> dict[str, Price]:
    """Return the price of each machine, by its name.

    Raises SettingsError if one has none, or if they are in several currencies.
    """
    prices = {machine.name: table.price_of(machine) for machine in machines}
    currencies = {price.currency: name for name, price in prices.items()}
    if len(currencies) > 1:
        shown = " and ".join(f"{currency} ({name})" for currency, name in currencies.items())
        raise SettingsError(f"{table.path} has prices in {shown}; give all in one currency")
    return prices


def today() -> date:
    """Return the day that it is here or in UTC, whichever is later."""
    now = datetime.now(timezone.utc)
    return max(now.date(), now.astimezone().date())


def read_prices(path: Path, latest: date) -> PriceTable:
    """Return the table of prices in a file, of which none may be later than a day.

    Raises SettingsError if it can't be read, or names the line in which a value can't be.
    """
    prices: dict[str, Price] = {}
    for number, cells in _rows(path):
        price = _in_line(path, number, cells, latest)
        if price.machine_type in prices:
            raise _refusal(path, number, f"{price.machine_type} is there twice; keep one row")
        prices[price.machine_type] = price
    return PriceTable(path, prices)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield each row with the number of its first line, from 1."""
    (first, names), *rows = _cells(path) or [(0, [])]
    if not first:
        raise SettingsError(f"{path} is empty; {FORM}")
    if tuple(names) != COLUMNS:
        raise _refusal(path, first, f"the columns must be {','.join(COLUMNS)}; {FORM}")
    for number, cells in rows:
        if len(cells) != len(COLUMNS):
            what = f"it has {len(cells)} cells, not {len(COLUMNS)}; quote one with a comma in it"
            raise _refusal(path, number, what)
        yield number, dict(zip(COLUMNS, cells, strict=True))


def _cells(path: Path) -> list[tuple[int, list[str]]]:
    """Return the cells of each row, the head's first; comments and empty lines are no rows.

    A cell in quotes may go over several lines, and have in it what elsewhere begins a comment.
    """
    # Not splitlines(): at what else ends a line in Unicode, no editor counts one.
    lines = enumerate(io.StringIO(_text(path), newline=""), 1)
    return [
        (number, _row(path, number, line, (more for _, more in lines)))
        for number, line in lines
        if _has_cells(line)
    ]


def _row(path: Path, number: int, line: str, following: Iterator[str]) -> list[str]:
    """Return the cells of the row that begins with a line; take from those that follow."""
    try:
        cells = next(csv.reader(chain([line], following), strict=True))
    except csv.Error as error:
        raise _refusal(path, number, f"it is no row of a CSV file ({error}); {FORM}") from None
    return [cell.strip() for cell in cells]


def _text(path: Path) -> str:
    try:
        content = read_given(path, MAX_BYTES)
    except PermissionError as error:
        raise SettingsError(
            f"prices can't be {path} ({error.strerror}); let user {this_user()} read it"
        ) from None
    except OSError:
        raise SettingsError(f"prices can't be {path}: it is no file; {FORM}") from None
    if len(content) > MAX_BYTES:
        raise SettingsError(f"{path} is larger than a table of prices can be; {FORM}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is no text in UTF-8; save it as that") from None


def _has_cells(line: str) -> bool:
    return bool(line.strip(" ,\t\r\n")) and not line.lstrip().startswith(COMMENT)


def _in_line(path: Path, number: int, cells: Mapping[str, str], latest: date) -> Price:
    try:
        return _price(cells, latest)
    except ValueError as error:
        raise _refusal(path, number, str(error)) from None


def _price(cells: Mapping[str, str], latest: date) -> Price:
    """Return the price in a row; ValueError, with cause and remedy, if a cell can't be so."""
    return Price(
        machine_type=_filled(cells, "machine_type"),
        provider=_filled(cells, "provider"),
        region=_filled(cells, "region"),
        currency=_matching(cells, "currency", _CURRENCY, "three capital letters, as USD"),
        per_hour=_above_zero(cells),
        vcpus=int(_matching(cells, "billed_vcpus", _COUNT, "a whole number from 1 to 99999")),
        day=_day(cells, latest),
        source=_filled(cells, "source"),
    )


def _filled(cells: Mapping[str, str], name: str) -> str:
    if not cells[name] or len(cells[name]) > MAX_TEXT:
        raise ValueError(f"{name} is empty, or too long; give at most {MAX_TEXT} characters")
    return cells[name]


def _matching(cells: Mapping[str, str], name: str, form: re.Pattern[str], allowed: str) -> str:
    if not form.fullmatch(cells[name]):
        raise ValueError(f"{name} can't be {quoted(cells[name])}; give {allowed}")
    return cells[name]


def _above_zero(cells: Mapping[str, str]) -> float:
    allowed = "a number above 0, as 0.25"
    value = float(_matching(cells, "price_per_hour", _PRICE, allowed))
    if not value:
        raise ValueError(
            f"price_per_hour can't be {quoted(cells['price_per_hour'])}; give {allowed}"
        )
    return value


def _day(cells: Mapping[str, str], latest: date) -> date:
    allowed = "the day on which the price was looked up, as 2026-11-27"
    text = _matching(cells, "date", _DAY, allowed)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"date can't be {quoted(text)}; give {allowed}") from None
    if day > latest:
        raise ValueError(f"date {text} is in the future; give {allowed}")
    return day


def _refusal(path: Path, number: int, problem: str) -> SettingsError:
    return SettingsError(f"{path}, line {number}: {printable(problem)}")
