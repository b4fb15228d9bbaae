"""The table of results as Markdown, with what a person needs to know of it below.

It is pasted into pages and mails, where nothing else of the run is at hand.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import compress
from typing import TypeAlias

from stages.common import tabular
from stages.common.figures import fraction_of_images, milliseconds, quantity
from stages.common.pairs import isa_reference
from stages.common.tabular import plain
from stages.common.text import times
from stages.compare.matrix import in_groups_of, with_spread
from stages.records.base import UNKNOWN, Interval
from stages.records.summary import (
    BETWEEN,
    HIGH,
    INVALID,
    LOW,
    NOT_RUN,
    NOT_TRUSTED,
    SummaryRow,
    Value,
)

# What columns have in a row.
Values: TypeAlias = tuple[Value, ...]
NOTHING, STATUS = "-", "status"
IN_DOUBT = "NOT TO BE TRUSTED"
DOUBTS = {INVALID: "INVALID", NOT_TRUSTED: IN_DOUBT}


def as_markdown(rows: Sequence[SummaryRow]) -> str:
    """Return the rows as a table in Markdown, with what a person reads of them, and notes."""
    return tabular.as_markdown([shown(row) for row in rows]) + notes_of(rows)


def notes_of(rows: Sequence[SummaryRow]) -> str:
    """Return the lines below a table: what was measured when, which figures are in doubt, and why.

    Machines are named if there are several.
    """
    lines = (f"- {line}\n" for line in (*_runs(rows), *_reasons(rows), *_bases(rows)))
    return "".join(["\n", *lines, note_of_groups(rows)])


def _runs(rows: Sequence[SummaryRow]) -> Iterator[str]:
    machines = _told_apart(rows, "machine")
    runs = {(row["machine"], row["runtime"]): row for row in rows}
    for row in runs.values():
        when, words = row["measured_utc"], ("model", "data", "version")
        doubt = "" if row["run_trusted"] else f"{IN_DOUBT}: "
        said = ", ".join(f"{name} {plain(str(row[name] or UNKNOWN))}" for name in words)
        measured = f"measured {plain(str(when))}" if when else "measured at a time not recorded"
        name = " ".join(filter(None, (machines[row["machine"],], str(row["runtime"]))))
        yield f"{name}: {doubt}{measured}, {said}"


def _bases(rows: Sequence[SummaryRow]) -> Iterator[str]:
    """Yield which cap ISA effects are relative to, of each machine if they differ in it."""
    isas: dict[Values, set[str]] = {}
    for row in rows:
        if row["status"] != NOT_RUN:
            isas.setdefault((row["machine"],), set()).add(str(row["isa_cap"]))
    if any(len(its) > 1 for its in isas.values()):
        machines = _told_apart(rows, "machine")
        owners: dict[str | None, list[str]] = {}
        for machine, its in isas.items():
            owners.setdefault(isa_reference(its), []).append(machines[machine])
        each = ", ".join(f"{isa} ({', '.join(names)})" for isa, names in owners.items())
        base = each if len(owners) > 1 else next(iter(owners))
        yield f"ISA effect: images/s over those of the same precision at {base}"


def _reasons(rows: Sequence[SummaryRow]) -> Iterator[str]:
    """Yield each reason why figures are in doubt, or not there, with the cells that it is of."""
    cells: dict[str, list[SummaryRow]] = {}
    for row in rows:
        for reason in filter(None, str(row["reasons"] or "").split(BETWEEN)):
            cells.setdefault(reason, []).append(row)
    measured = [row for row in rows if row["status"] != NOT_RUN]
    owners = _told_apart(rows, "machine", "runtime")
    for reason, its in cells.items():
        names = "all that was measured" if its == measured else _cells(its, owners)
        yield f"{names}: {plain(reason)}"


def _cells(cells: Sequence[SummaryRow], owners: Mapping[Values, str]) -> str:
    """Return the names of cells, precisions with the same caps together, by what ran them."""
    caps: dict[tuple[str, str], list[str]] = {}
    for row in cells:
        owner = owners[row["machine"], row["runtime"]]
        caps.setdefault((owner, str(row["precision"])), []).append(str(row["isa_cap"]))
    precisions: dict[tuple[str, str], list[str]] = {}
    for (owner, precision), its in caps.items():
        precisions.setdefault((owner, " ".join(its)), []).append(precision)
    named = (
        " ".join([*filter(None, [own]), *its, "at", at]) for (own, at), its in precisions.items()
    )
    return "; ".join(named)


def note_of_groups(rows: Sequence[SummaryRow]) -> str:
    """Return the line below a table that has rows of runs in groups, empty if it has none.

    It names those runs, unless all are: by their machines if there are several, and by runtime.
    """
    grouped = dict.fromkeys((row["machine"], row["runtime"]) for row in rows if row["in_groups"])
    if not grouped:
        return ""
    names = _told_apart(rows, "machine", "runtime")
    named = [names[run] for run in grouped] if len(grouped) < len(names) else []
    return f"\neffects: {in_groups_of(named)}\n"


def _told_apart(rows: Sequence[SummaryRow], *columns: str) -> dict[Values, str]:
    """Return by the values of columns how to name what has them: by those that rows differ in."""
    found = dict.fromkeys(tuple(row[name] for name in columns) for row in rows)
    differ = [len({*values}) > 1 for values in zip(*found, strict=True)]
    return {
        values: " ".join(plain(str(it or UNKNOWN)) for it in compress(values, differ))
        for values in found
    }


def shown(row: SummaryRow) -> dict[str, str]:
    """Return what a person reads of a row, by the heads of the columns, as Markdown."""
    top1, lost = _number(row, "top1_fraction"), _number(row, "top1_loss_fraction")
    return {
        "machine": plain(str(row["machine"] or NOTHING)),
        "CPU": plain(str(row["cpu"] or NOTHING)),
        "CPUs": str(row["cpus_pinned"]),
        "runtime": str(row["runtime"]),
        "isa cap": str(row["isa_cap"]),
        "precision": str(row["precision"]),
        "images/s": _spread(row, "throughput_images_per_s", quantity),
        "p50 ms": _spread(row, "latency_p50_ms", milliseconds),
        "top-1": NOTHING if top1 is None else fraction_of_images(top1),
        "loss": NOTHING if lost is None else f"{lost:+.2%}",
        "precision effect": _times(row, "precision_speedup"),
        "ISA effect": _times(row, "isa_speedup"),
        STATUS: _status_shown(row),
    }


def status_in_words(verdict: str, doubt: str) -> str:
    """Return how a cell ran; native goes without saying if its figures can't be relied on."""
    kept = [] if verdict == "native" else [verdict]
    return ", ".join([*kept, doubt]) if doubt else verdict


def _status_shown(row: SummaryRow) -> str:
    if row["status"] == NOT_RUN:
        return "not run"
    return status_in_words(str(row["verdict"]), DOUBTS.get(str(row["status"]), ""))


def _number(row: SummaryRow, name: str) -> float | None:
    value = row[name]
    return float(value) if isinstance(value, int | float) else None


def _ends(row: SummaryRow, name: str) -> tuple[Interval | None, bool]:
    """Return a figure of a row, None if there is none, and whether it has no interval."""
    estimate, low, high = (_number(row, name + end) for end in ("", LOW, HIGH))
    if estimate is None:
        return None, True
    if low is None or high is None:
        return Interval(estimate=estimate, low=estimate, high=estimate), True
    return Interval(estimate=estimate, low=low, high=high), False


def _spread(row: SummaryRow, name: str, words: Callable[[float], str]) -> str:
    found, once = _ends(row, name)
    return with_spread(found, words, once=once) if found else NOTHING


def _times(row: SummaryRow, name: str) -> str:
    found, once = _ends(row, name)
    return times(found, once=once) if found else NOTHING
