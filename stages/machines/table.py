"""Machines side by side as text: the answer, what they are, what differs, each cell on each.

No line is longer than WIDTH: words of a stranger's that are too long for it are cut.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from stages.common.figures import counted, fraction_of_images, least_to_most, milliseconds
from stages.common.text import (
    NO_INTERVAL,
    ONCE,
    WIDTH,
    aligned,
    cut_words,
    hanging,
    times,
    when_all,
    wrapped,
)
from stages.compare.cautions import is_derived
from stages.compare.effects import CellKey
from stages.compare.matrix import with_spread
from stages.compare.same import same_rows
from stages.compare.summary_markdown import status_in_words
from stages.machines.alike import differences, same_boots
from stages.machines.answer import answers, has_several_runtimes
from stages.machines.entries import UNTRUSTED, Entry
from stages.machines.machine import Machine, Measured
from stages.records.cpu_generations import full_name

COLUMNS, RATIO = ("images/s", "p50 ms", "top-1", "status"), "/ first"
NOTHING, NOT_MEASURED = "-", "not measured there"


def render(machines: Sequence[Machine], entries: Sequence[Entry]) -> str:
    """Return the answer, the machines, what differs between them, and all their cells."""
    blocks = [
        "\n".join(line for answer in answers(machines, entries) for line in wrapped(answer)),
        hanging([row for machine in machines for row in _machine_rows(machine)]),
        _differences(machines),
        _same_boots(machines),
        _matrix(machines, entries),
        _notes(machines, entries),
    ]
    return "\n\n".join(filter(None, blocks))


def by_cell(
    machines: Sequence[Machine],
    entries: Sequence[Entry],
    heads: Sequence[str],
    figures: Callable[[Entry], Sequence[str]],
) -> str:
    """Return each cell's name, and below it a line for each machine, in which `figures` are shown.

    `heads` are those of their columns. A cell that has another's figures wherever it was measured
    is left out.
    """
    timed = _timed(entries)
    shown = [entry for entry in entries if entry.key in timed]
    head, *lines = aligned([heads, *map(figures, shown)]).split("\n")
    named, rows = has_several_runtimes(entries), [("isa cap, precision", head)]
    for key, of_cell in groupby(zip(shown, lines, strict=True), key=lambda pair: pair[0].key):
        found = {entry.machine.name: line for entry, line in of_cell}
        rows.append((_name(key, named=named), ""))
        rows += [(f"  {one.name}", found.get(one.name, NOT_MEASURED)) for one in machines]
    return hanging(rows)


def _timed(entries: Sequence[Entry]) -> set[CellKey]:
    """Return the cells that have figures of their own on some machine."""
    return {entry.key for entry in entries if not is_derived(entry.cell)}


def _name(key: CellKey, *, named: bool) -> str:
    return f"{key.isa} {key.precision}{f' {key.runtime}' if named else ''}"


def ratio_in_words(entry: Entry) -> str:
    """Return the ratio to the first machine with its interval, a dash if there is none."""
    return times(entry.ratio, once=entry.ratio_once) if entry.ratio else NOTHING


def _machine_rows(machine: Machine) -> list[tuple[str, str]]:
    """Return what a machine is, by its name, and how each runtime measured on it."""
    host = machine.host
    known = [
        cut_words(full_name(host.cpu_model, host.cpu_id)),
        cut_words(machine.type) or "type not recorded",
        f"{counted(len(host.cores_pinned), 'CPU')} pinned",
        f"checked: {machine.checked}",
    ]
    runs = [("", _run_in_words(*run)) for run in machine.runtimes.items()]
    return [(machine.name, "; ".join(known)), *runs]


def _run_in_words(runtime: str, one: Measured) -> str:
    layout, cells = one.layout, one.cells.values()
    said = [
        f"{layout.num_instances} x {layout.cores_per_instance} cores",
        f"batch {least_to_most([cell.batch_size for cell in cells]) or NOTHING}",
        f"rounds {least_to_most([len(cell.rates) for cell in cells]) or NOTHING}",
        when_all(one.made),
        *([] if one.trusted else [UNTRUSTED]),
    ]
    return f"{runtime}: {', '.join(said)}"


def _differences(machines: Sequence[Machine]) -> str:
    """Return what differs as a table, or as lines if that would be too wide; empty if nothing."""
    unlike, names = differences(machines), [machine.name for machine in machines]
    if not unlike:
        return ""
    table = aligned([["differs", *names], *unlike])
    if max(map(len, table.splitlines())) <= WIDTH:
        return table
    rows = [
        (name, "; ".join(f"{of} {cut_words(it)}" for of, it in zip(names, values, strict=True)))
        for name, *values in unlike
    ]
    return hanging([("differs", ""), *rows])


def _same_boots(machines: Sequence[Machine]) -> str:
    return "\n".join(
        line
        for names in same_boots(machines)
        for line in wrapped(f"{' and '.join(names)}: one machine, not started again in between")
    )


def _matrix(machines: Sequence[Machine], entries: Sequence[Entry]) -> str:
    rate, *others = COLUMNS
    heads = [rate, *([RATIO] if len(machines) > 1 else []), *others]
    return by_cell(machines, entries, heads, lambda entry: _figures(entry, machines))


def _figures(entry: Entry, machines: Sequence[Machine]) -> list[str]:
    cell, once = entry.cell, entry.measured.once
    ratio = "" if entry.machine is machines[0] else ratio_in_words(entry)
    return [
        with_spread(cell.rate, once=once),
        *([ratio] if len(machines) > 1 else []),
        with_spread(cell.p50_ms, milliseconds, once=once),
        fraction_of_images(cell.top1, cell.images),
        status_of(entry),
    ]


def status_of(entry: Entry) -> str:
    """Return how a cell ran; native goes without saying if its figures can't be relied on."""
    return status_in_words(entry.cell.verdict, entry.any_doubt)


def _same(machines: Sequence[Machine], entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Return the cells that no line shows, as they have another's figures wherever they were run.

    Which machine it is so on is said, unless it is so on all: they may differ in what ran.
    """
    timed, named = _timed(entries), has_several_runtimes(entries)
    names: dict[tuple[str, str], list[str]] = {}
    for machine in machines:
        own = [it for it in entries if it.machine is machine and it.key not in timed]
        for row in same_rows(((it.key, it.cell) for it in own), named=named):
            names.setdefault(row, []).append(machine.name)
    return [
        (verdict, text if len(those) == len(machines) else f"on {' and '.join(those)}: {text}")
        for (verdict, text), those in names.items()
    ]


def _notes_of_intervals(machines: Sequence[Machine]) -> Iterator[tuple[str, str]]:
    """Yield what stands in parentheses, and of which runs it is no interval."""
    runs = {(it.name, runtime): one for it in machines for runtime, one in it.runtimes.items()}
    several = {name: one for name, one in runs.items() if not one.once}
    few = {name: one.too_few for name, one in several.items() if one.too_few}
    rounds = "the rounds of a machine"
    are_all_few = len(few) == len(several)
    over = f"what {rounds} span" if are_all_few else f"95% interval of chance over {rounds}"
    if several:
        yield "(from-to)", f"{over}; ±: half its width"
    for (name, runtime), words in few.items():
        yield "", f"{name}, {runtime}: {words} of 95%"


def _notes(machines: Sequence[Machine], entries: Sequence[Entry]) -> str:
    notes = [
        *_same(machines, entries),
        *_notes_of_intervals(machines),
        ("isa cap", "the highest instruction set that oneDNN may use"),
        (
            "status",
            "native: in its own precision, by kernels of its cap; INVALID: a figure can't be "
            "relied on, for which compare has the reason there",
        ),
    ]
    if len(machines) > 1:
        over = f"images/s over {machines[0].name}'s; no round was shared: those of each are drawn "
        notes.append((RATIO, f"{over}on their own"))
    if any(one.once for machine in machines for one in machine.runtimes.values()):
        notes.append((ONCE, NO_INTERVAL))
    return hanging(notes)
