"""Machines side by side as text: what they are, what differs, and each cell on each of them."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from stages.common.stats import spread
from stages.common.text import NO_INTERVAL, ONCE, aligned, figure, times, when_all
from stages.compare.effects import CellKey
from stages.machines.alike import differences, same_boots
from stages.machines.entries import Entry
from stages.machines.machine import Machine
from stages.records.base import Interval
from stages.records.cpu_generations import full_name

MACHINES = (
    *("machine", "type", "CPU", "CPUs pinned", "runtime", "instances", "batch", "rounds"),
    *("measured", "trusted", "checked"),
)
FIRST = ("runtime", "isa cap", "precision")
NOTHING = "-"


def render(machines: Sequence[Machine], entries: Sequence[Entry]) -> str:
    """Return the machines, what differs between them, and the matrix of all their cells."""
    blocks = [aligned([MACHINES, *chain.from_iterable(map(_machine_rows, machines))])]
    if unlike := differences(machines):
        head = ["differs", *(machine.name for machine in machines)]
        blocks.append(aligned([head, *unlike]))
    blocks += [
        f"{' and '.join(names)}: one machine, which was not started in between"
        for names in same_boots(machines)
    ]
    return "\n\n".join([*blocks, _matrix(machines, entries), _notes(machines)])


def matrix(
    entries: Sequence[Entry],
    columns: Mapping[str, Sequence[str]],
    figures: Callable[[Entry], Sequence[str]],
) -> str:
    """Return a row for each cell, with columns for each machine, in which `figures` are shown.

    `columns` are their heads, by the machine's name. A machine that did not run a cell has dashes.
    """
    shown: dict[CellKey, dict[str, Sequence[str]]] = {}
    for entry in entries:
        shown.setdefault(entry.key, {})[entry.machine.name] = figures(entry)
    absent = {name: [NOTHING] * len(heads) for name, heads in columns.items()}
    rows = [[*_of_key(key), *chain(*(absent | row).values())] for key, row in shown.items()]
    table = [*_heads(columns), *rows]
    named = len({key.runtime for key in shown}) > 1
    return aligned(table if named else [row[1:] for row in table])


def _heads(columns: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return two rows: each machine's name above the first of its columns, and what these have."""
    names = ([name, *[""] * (len(heads) - 1)] for name, heads in columns.items())
    return [["", "", "", *chain(*names)], [*FIRST, *chain(*columns.values())]]


def _of_key(key: CellKey) -> tuple[str, str, str]:
    return key.runtime, key.isa, key.precision


def marked(text: str, entry: Entry) -> str:
    """Return a figure with the mark that the images/s have, if they can't be relied on."""
    return " ".join(filter(None, [text, entry.doubt]))


def of_rounds(interval: Interval, *, once: bool) -> str:
    """Return images/s as the table has them, with half their interval in percent."""
    return f"{figure(interval.estimate)} {ONCE if once else f'±{spread(interval):.1%}'}"


def ratio_in_words(entry: Entry) -> str:
    """Return the ratio to the first machine with its interval, a dash if there is none."""
    return times(entry.ratio, once=entry.ratio_once) if entry.ratio else NOTHING


def _machine_rows(machine: Machine) -> list[list[str]]:
    host = machine.host
    known = [machine.name, machine.type or "not recorded", full_name(host.cpu_model, host.cpu_id)]
    return [
        [
            *known,
            str(len(host.cores_pinned)),
            runtime,
            f"{one.layout.num_instances} of {one.layout.cores_per_instance} cores",
            _range([cell.batch_size for cell in one.cells.values()]),
            _range([len(cell.rates) for cell in one.cells.values()]),
            when_all(one.made),
            "yes" if one.trusted else "NO",
            machine.checked,
        ]
        for runtime, one in machine.runtimes.items()
    ]


def _range(numbers: Sequence[int]) -> str:
    if not numbers:
        return NOTHING
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}-{high}"


def _matrix(machines: Sequence[Machine], entries: Sequence[Entry]) -> str:
    first, *others = machines
    columns = {first.name: ["images/s", "top-1"]}
    columns |= {one.name: ["images/s", f"/ {first.name}", "top-1"] for one in others}
    return matrix(entries, columns, lambda entry: _figures(entry, entry.machine is first))


def _figures(entry: Entry, is_first: bool) -> list[str]:
    rate = marked(of_rounds(entry.cell.rate, once=entry.measured.once), entry)
    top1 = f"{entry.cell.top1:.1%}"
    return [rate, top1] if is_first else [rate, ratio_in_words(entry), top1]


def _notes(machines: Sequence[Machine]) -> str:
    first = machines[0].name
    notes = [
        ("(from-to)", "95% interval of chance over the rounds of each machine; ±: half its width"),
        (NOTHING, "not measured there"),
        ("isa cap", "the highest instruction set that oneDNN may use"),
    ]
    if len(machines) > 1:
        over = f"images/s over {first}'s; no round was shared: those of each are drawn on their own"
        notes.insert(1, (f"/ {first}", over))
    if any(one.once for machine in machines for one in machine.runtimes.values()):
        notes.append((ONCE, NO_INTERVAL))
    return aligned(notes)
