"""What a million images cost, as text."""

import math
from collections.abc import Sequence

from stages.common.text import (
    ONCE,
    figure,
    hanging,
    loss_in_words,
    milliseconds,
    times,
    wrapped,
)
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
    blocks = [_best(best, bounds, percentile_of(entries))]
    if len(machines) > 1:
        blocks.append(_break_evens(best, machines[0]))
    blocks += [_matrix(machines, entries), _prices(entries), hanging(NOTES)]
    return "\n\n".join(blocks)


def cost_in_words(cost: Cost, *, once: bool) -> str:
    """Return a cost with its interval, which may have no upper end."""
    found = cost.per_million
    high = figure(found.high) if math.isfinite(found.high) else "no end"
    return f"{figure(found.estimate)} {ONCE if once else f'({figure(found.low)}-{high})'}"


def _prices(entries: Sequence[Entry]) -> str:
    found = {entry.machine.name: (entry.machine, entry.cost) for entry in entries if entry.cost}
    return hanging([(name, _price(machine, cost)) for name, (machine, cost) in found.items()])


def _price(machine: Machine, cost: Cost) -> str:
    price = cost.price
    return (
        f"{price.per_hour:.12g} {price.currency} per hour, {price.provider}, {price.region}; "
        f"{price.vcpus} vCPUs billed, {len(machine.host.cores_pinned)} measured on; looked up "
        f"{price.day}: {price.source}"
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


def _best(best: Sequence[Entry], bounds: Bounds, percentile: str) -> str:
    asked = bounds.in_words
    if not best:
        return f"no cell of any machine meets: {asked}"
    head = f"the cheapest cell of each machine{f', with {asked}' if asked else ''}:"
    choices = [_choice(entry, percentile, bounds) for entry in best]
    return "\n".join([*wrapped(head), hanging(choices)])


def _choice(entry: Entry, percentile: str, bounds: Bounds) -> tuple[str, str]:
    cell, layout = entry.cell, entry.measured.layout
    said = [
        f"{_amount(entry)} a million: {cell_in_words(entry.key, named=True)}",
        f"{layout.num_instances} of {layout.cores_per_instance} cores, batch {cell.batch_size}",
        f"{percentile} {milliseconds(latency_of(cell, percentile))} ms",
        f"top-1 {cell.top1:.1%}, loss {_loss(cell, bounds)}",
        *filter(None, [entry.any_doubt]),
    ]
    return entry.machine.name, "; ".join(said)


def _loss(cell: CellFigures, bounds: Bounds) -> str:
    """Return a loss with its interval, and what the images show of the bound, if there is one."""
    between = cell.loss_interval
    if cell.loss is None or between is None:
        return "not known" if cell.loss is None else loss_in_words(cell.loss)
    said = f"{loss_in_words(cell.loss)} ({between.low:+.1%} to {between.high:+.1%})"
    return said if bounds.loss is None else f"{said}: the images {shown_of(between, bounds.loss)}"


def _amount(entry: Entry) -> str:
    if not entry.cost:
        return NOTHING
    words = cost_in_words(entry.cost, once=entry.measured.once)
    return f"{words} {entry.cost.price.currency}"


def _break_evens(best: Sequence[Entry], first: Machine) -> str:
    found = break_evens(best, first)
    if not found:
        text = f"no break-even: {first.name}, or any other, has no cell that meets the bounds"
        return "\n".join(wrapped(text))
    return hanging([_break_even(one) for one in found])


def _break_even(one: BreakEven) -> tuple[str, str]:
    at, now = times(one.at, once=one.once), f"{figure(one.now)}x"
    return (
        f"{one.name} against {one.other}",
        f"a million costs the same at {at} the price of {one.other}; now it has {now}: "
        f"{one.verdict}",
    )
