"""The cells of all machines as a flat table, for spreadsheets and for pages.

Names in it may be a stranger's: in no spreadsheet may they be a formula, in no page markup.
"""

import csv
import io
import math
import re
from collections.abc import Sequence
from typing import TypeAlias

from stages.common.text import MAX_CELL, milliseconds
from stages.machines.cost_table import cost_in_words
from stages.machines.entries import Entry
from stages.machines.table import NOTHING, of_rounds, ratio_in_words
from stages.program.printable import printable
from stages.records.base import Interval
from stages.records.cpu_generations import full_name

Value: TypeAlias = str | int | float | bool | None
# What spreadsheets take for the beginning of a formula, also in full width.
FORMULAS = "=+-@\t\r＝＋－＠"  # noqa: RUF001
TEXT_MARK = "'"
# Where a formula may begin: with the text, or behind what separates cells in other countries.
_BEGINNING = re.compile(rf"(?:^|[;|])(?=[\s\"']*[{re.escape(FORMULAS)}])")
_MARKUP = re.compile(r"[^\w .,:()/%+#-]|_")
# What GitHub makes links of without being asked.
_LINKS = re.compile(r"(?i)(?<=www)\.|(?<=http):|(?<=https):|(?<=ftp):")


def as_csv(entries: Sequence[Entry]) -> str:
    """Return the cells as CSV, whose columns have their units in their names.

    What is not known is empty. What a spreadsheet would compute has an apostrophe before it.
    """
    currency = _currency(entries)
    rows = [_values(entry, currency) for entry in entries]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows[0] if rows else [])
    writer.writerows([_defused(value) for value in row.values()] for row in rows)
    return stream.getvalue()


def as_markdown(entries: Sequence[Entry]) -> str:
    """Return the cells as a table in Markdown."""
    currency = _currency(entries)
    rows = [_shown(entry, currency) for entry in entries]
    head = list(rows[0]) if rows else ["machine"]
    lines = [head, ["---"] * len(head), *(list(row.values()) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _currency(entries: Sequence[Entry]) -> str:
    """Return the currency of all prices, empty if there are none."""
    return next((entry.cost.price.currency for entry in entries if entry.cost), "")


def _values(entry: Entry, currency: str) -> dict[str, Value]:
    host, cell, layout = entry.machine.host, entry.cell, entry.measured.layout
    once = entry.measured.once
    per_million = entry.cost.per_million if entry.cost else None
    name = f"cost_per_million_images_{currency}"
    return {
        "machine": entry.machine.name,
        "machine_type": entry.machine.type,
        "cpu": full_name(host.cpu_model, host.cpu_id),
        "cpus_pinned": len(host.cores_pinned),
        "runtime": entry.key.runtime,
        "isa_cap": entry.key.isa,
        "precision": entry.key.precision,
        "instances": layout.num_instances,
        "cores_per_instance": layout.cores_per_instance,
        "batch_size_images": cell.batch_size,
        "rounds": len(cell.rates),
        **_interval("throughput_images_per_s", cell.rate, once),
        **_interval("latency_p50_ms", cell.p50_ms, once),
        "latency_p90_ms": cell.p90_ms,
        "latency_p99_ms": cell.p99_ms,
        "top1_fraction": cell.top1,
        "top1_loss_fraction": cell.loss,
        **_interval("throughput_ratio_to_first_machine", entry.ratio, entry.ratio_once),
        **(_interval(name, per_million, once) if currency else {}),
        "valid": cell.valid,
        "run_trusted": entry.measured.trusted,
        "verdict": cell.verdict,
        "measured_utc": entry.measured.made[-1],
        "data_sha256": entry.measured.data.sha256,
        "backbone_sha256": entry.measured.backbone.sha256,
    }


def _interval(name: str, found: Interval | None, once: bool) -> dict[str, Value]:
    """Return three columns; the ends are empty if there is no interval, or it has no end."""
    ends = (None, None) if found is None or once else (found.low, found.high)
    low, high = (None if end is None or not math.isfinite(end) else end for end in ends)
    return {name: found.estimate if found else None, f"{name}_low": low, f"{name}_high": high}


def _defused(value: Value) -> Value:
    """Return a value as it is written: a text on one line, and never a formula."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    return _BEGINNING.sub(rf"\g<0>{TEXT_MARK}", printable(value, MAX_CELL))


def _shown(entry: Entry, currency: str) -> dict[str, str]:
    cell, once = entry.cell, entry.measured.once
    host = entry.machine.host
    shown = {
        "machine": _plain(entry.machine.name),
        "CPU": _plain(full_name(host.cpu_model, host.cpu_id)),
        "CPUs": str(len(host.cores_pinned)),
        "runtime": entry.key.runtime,
        "isa cap": entry.key.isa,
        "precision": entry.key.precision,
        "images/s": of_rounds(cell.rate, once=once),
        "/ first": ratio_in_words(entry),
        "p50 ms": milliseconds(cell.p50_ms.estimate),
        "top-1": f"{cell.top1:.1%}",
    }
    if currency:
        cost = cost_in_words(entry.cost, once=once) if entry.cost else NOTHING
        shown[f"{currency} a million"] = cost
    return {**shown, "in doubt": entry.any_doubt or NOTHING}


def _plain(text: str) -> str:
    """Return a text in which Markdown and HTML find nothing to do."""
    shown = _MARKUP.sub(lambda match: f"&#{ord(match[0])};", printable(text, MAX_CELL))
    return _LINKS.sub(lambda match: f"&#{ord(match[0])};", shown)
