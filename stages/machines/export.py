"""The cells of all machines as a flat table, for spreadsheets and for pages.

It is the table of results that compare leaves of one machine, with what only several have.
"""

import math
from collections.abc import Sequence

from stages.common import tabular
from stages.compare.summary import STATUS, note_of_groups, shown
from stages.machines.cost_table import cost_in_words
from stages.machines.entries import Entry
from stages.machines.table import NOTHING, ratio_in_words
from stages.records.base import Interval
from stages.records.summary import HIGH, LOW, Value


def as_csv(entries: Sequence[Entry]) -> str:
    """Return the cells as CSV, whose columns have their units in their names.

    What is not known is empty. What a spreadsheet would compute has an apostrophe before it.
    """
    currency = _currency(entries)
    return tabular.as_csv(
        [{**entry.machine.row(entry.key), **_values(entry, currency)} for entry in entries]
    )


def as_markdown(entries: Sequence[Entry]) -> str:
    """Return the cells as a table in Markdown."""
    currency = _currency(entries)
    rows = [entry.machine.row(entry.key) for entry in entries]
    shown_rows = [_shown(entry, currency) for entry in entries]
    return tabular.as_markdown(shown_rows) + note_of_groups(rows)


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
