"""What a million images cost, as text."""

import math
from collections.abc import Mapping, Sequence

from stages.common.figures import (
    counted,
    digits_apart,
    fraction_of_images,
    loss_ends,
    loss_in_words,
    milliseconds,
    multiple,
    quantity,
)
from stages.common.text import ONCE, hanging, times, wrapped
from stages.compare.bound import shown_of
from stages.machines.answer import cell_in_words
from stages.machines.costs import (
    Bounds,
    BreakEven,
    break_evens,
    cheapest_of_each,
    latency_of,
    percentile_of,
)
from stages.machines.entries import Cost, Entry
from stages.machines.machine import CellFigures, Machine
from stages.machines.table import NOTHING, by_cell

BEYOND = "no cell meets the bounds"
NOTES = (
    (
        "a million",
        "price per hour / 3600 s x 1,000,000 images / images/s, with their interval; the whole "
        "price counts, also that of CPUs that were not measured on",
    ),
    (
        "latency",
        "of one image at a time, which one instance classifies alone: not while batches give the "
        "images/s; the highest percentile that is known of all cells",
    ),
)


def render_costs(machines: Sequence[Machine], entries: Sequence[Entry], bounds: Bounds) -> str:
    """Return the cheapest within the bounds, the break-evens, what each cell costs, the prices.

    Each of the `entries` that ran at all has a cost.
    """
    best = cheapest_of_each(entries, bounds)
    lacking = _lacking(machines, entries, best, bounds)
    blocks = [_best(best, lacking, bounds, percentile_of(entries))]
    if len(machines) > 1:
        blocks.append(_break_evens(best, machines[0], lacking))
    blocks += [_matrix(machines, entries), _prices(entries), hanging(NOTES)]
    return "\n\n".join(blocks)


def cost_in_words(cost: Cost, *, once: bool) -> str:
    """Return a cost with its interval, which may have no upper end."""
    found = cost.per_million
    high = quantity(found.high) if math.isfinite(found.high) else "no end"
    return f"{quantity(found.estimate)} {ONCE if once else f'({quantity(found.low)}-{high})'}"


def _prices(entries: Sequence[Entry]) -> str:
    found = {entry.machine.name: (entry.machine, entry.cost) for entry in entries if entry.cost}
    return hanging([(name, _price(machine, cost)) for name, (machine, cost) in found.items()])


def _price(machine: Machine, cost: Cost) -> str:
    price = cost.price
    return (
        f"{price.per_hour:.12g} {price.currency} per hour, {price.provider}, {price.region}; "
        f"{counted(price.vcpus, 'vCPU')} billed, {len(machine.host.cores_pinned)} measured on; "
        f"looked up {price.day}: {price.source}"
    )


def _matrix(machines: Sequence[Machine], entries: Sequence[Entry]) -> str:
    currencies = dict.fromkeys(entry.cost.price.currency for entry in entries if entry.cost)
    heads = [f"{' '.join(currencies)} a million"]
    return by_cell(machines, entries, heads, lambda entry: [_cost(entry)])


def _cost(entry: Entry) -> str:
    if not entry.cost:
        return NOTHING
    words = cost_in_words(entry.cost, once=entry.measured.once)
    return " ".join(filter(None, [words, entry.doubt]))


def _lacking(
    machines: Sequence[Machine], entries: Sequence[Entry], best: Sequence[Entry], bounds: Bounds
) -> dict[str, str]:
    """Return why a machine has no cheapest cell, for each of which that is so, by its name."""
    having = {entry.machine.name for entry in best}
    cells = {
        machine.name: [it.cell for it in entries if it.machine is machine and it.cost]
        for machine in machines
        if machine.name not in having
    }
    return {name: _why_none(own, bounds) for name, own in cells.items()}


def _why_none(cells: Sequence[CellFigures], bounds: Bounds) -> str:
    """Return why none of a machine's cells that have a cost meets the bounds."""
    if not cells:
        return "no cell has a cost"
    if bounds.loss is not None and all(cell.loss is None for cell in cells):
        return "the loss of no cell is known"
    return BEYOND


def _best(
    best: Sequence[Entry], lacking: Mapping[str, str], bounds: Bounds, percentile: str
) -> str:
    asked = bounds.in_words(percentile)
    head = f"the cheapest cell of each machine{f', with {asked}' if asked else ''}:"
    if not best:
        head = f"no cell of any machine {f'meets: {asked}' if asked else 'has a cost'}"
    choices = [_choice(entry, percentile, bounds) for entry in best]
    without = [(name, why) for name, why in lacking.items() if best or why != BEYOND]
    return "\n".join([*wrapped(head), *hanging([*choices, *without]).splitlines()])


def _choice(entry: Entry, percentile: str, bounds: Bounds) -> tuple[str, str]:
    cell, layout = entry.cell, entry.measured.layout
    said = [
        f"{_amount(entry)} a million: {cell_in_words(entry.key, named=True)}",
        f"{layout.num_instances} x {layout.cores_per_instance} cores, batch {cell.batch_size}",
        f"{percentile} {milliseconds(latency_of(cell, percentile))} ms",
        f"top-1 {fraction_of_images(cell.top1, cell.images)}, loss {_loss(cell, bounds)}",
        *filter(None, [entry.any_doubt]),
    ]
    return entry.machine.name, "; ".join(said)


def _loss(cell: CellFigures, bounds: Bounds) -> str:
    """Return a loss with its interval, and what the images show of the bound, if there is one."""
    between = cell.loss_interval
    if cell.loss is None or between is None:
        return "not known" if cell.loss is None else loss_in_words(cell.loss)
    of_bound = () if bounds.loss is None else (bounds.loss,)
    said = f"{loss_in_words(cell.loss, *of_bound)} ({loss_ends(between, *of_bound)})"
    return said if bounds.loss is None else f"{said}: the images {shown_of(between, bounds.loss)}"


def _amount(entry: Entry) -> str:
    if not entry.cost:
        return NOTHING
    words = cost_in_words(entry.cost, once=entry.measured.once)
    return f"{words} {entry.cost.price.currency}"


def _break_evens(best: Sequence[Entry], first: Machine, lacking: Mapping[str, str]) -> str:
    """Return each machine's break-even against the first, and why there is none."""
    rows = [_break_even(one) for one in break_evens(best, first)]
    if why := lacking.get(first.name):
        names = ", ".join(name for name, its in lacking.items() if its == why)
        return "\n".join(wrapped(f"no break-even: {names}: {why}"))
    none = [(f"{name} against {first.name}", f"none: {why}") for name, why in lacking.items()]
    return hanging([*rows, *none])


def _break_even(one: BreakEven) -> tuple[str, str]:
    digits = digits_apart(one.now, (one.at.low, one.at.high), 2)
    at, now = times(one.at, once=one.once, digits=digits), f"{multiple(one.now, digits)}x"
    return (
        f"{one.name} against {one.other}",
        f"a million costs the same at {at} the price of {one.other}; now it has {now}: "
        f"{one.verdict}",
    )
