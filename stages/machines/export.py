"""The cells of all machines as a flat table, for spreadsheets and for pages.

It is the table of results that compare leaves of one machine, with what only several have.
"""

import math
from collections.abc import Sequence

from stages.common import tabular
from stages.compare.summary_markdown import STATUS, notes_of, shown
from stages.machines.cost_table import cost_in_words
from stages.machines.entries import Entry
from stages.machines.table import NOTHING, ratio_in_words
from stages.records.base import Interval
from stages.records.summary import HIGH, LOW, NOT_RUN, SummaryRow, Value


def as_csv(entries: Sequence[Entry]) -> str:
    """Return the cells as CSV, whose columns have their units in their names.

    Those that were not run come last. What is not known is empty. What a spreadsheet would compute
    has an apostrophe before it.
    """
    currency = _currency(entries)
    rows = [{**entry.machine.row(entry.key), **_values(entry, currency)} for entry in entries]
    return tabular.as_csv(
        [*rows, *({**dict.fromkeys(rows[0]), **row} for row in _not_run(entries))]
    )


def as_markdown(entries: Sequence[Entry]) -> str:
    """Return the cells as a table in Markdown, those that were not run last."""
    currency = _currency(entries)
    found = [_shown(entry, currency) for entry in entries]
    not_run = ({**dict.fromkeys(found[0], NOTHING), **shown(row)} for row in _not_run(entries))
    return tabular.as_markdown([*found, *not_run]) + notes_of(_table(entries))


def _not_run(entries: Sequence[Entry]) -> list[SummaryRow]:
    """Return the rows of cells that were not run, of all machines that have others."""
    return [row for row in _table(entries) if row["status"] == NOT_RUN]


def _table(entries: Sequence[Entry]) -> list[SummaryRow]:
    """Return all rows of all machines that these cells are of."""
    machines = {id(entry.machine): entry.machine for entry in entries}.values()
    return [row for one in machines for row in one.table]


def _currency(entries: Sequence[Entry]) -> str:
    """Return the currency of all prices, empty if there are none."""
    return next((entry.cost.price.currency for entry in entries if entry.cost), "")


def _values(entry: Entry, currency: str) -> dict[str, Value]:
    once = entry.measured.once
    per_million = entry.cost.per_million if entry.cost else None
    name = f"cost_per_million_images_{currency}"
    return {
        **_interval("throughput_ratio_to_first_machine", entry.ratio, entry.ratio_once),
        **(_interval(name, per_million, once) if currency else {}),
    }


def _interval(name: str, found: Interval | None, once: bool) -> dict[str, Value]:
    """Return three columns; the ends are empty if there is no interval, or it has no end."""
    ends = (None, None) if found is None or once else (found.low, found.high)
    low, high = (None if end is None or not math.isfinite(end) else end for end in ends)
    return {name: found.estimate if found else None, name + LOW: low, name + HIGH: high}


def _shown(entry: Entry, currency: str) -> dict[str, str]:
    row = shown(entry.machine.row(entry.key))
    status = row.pop(STATUS)
    row["/ first"] = ratio_in_words(entry)
    if currency:
        cost = cost_in_words(entry.cost, once=entry.measured.once) if entry.cost else NOTHING
        row[f"{currency} a million"] = cost
    return {**row, STATUS: status}
