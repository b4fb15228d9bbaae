"""What a million images cost, as text."""

import math
from collections.abc import Sequence

from stages.common.text import ONCE, aligned, figure, milliseconds, times
from stages.machines.costs import (
    Bounds,
    BreakEven,
    break_evens,
    cheapest_of_each,
    latency_of,
    percentile_of,
)
from stages.machines.entries import Cost, Entry
from stages.machines.machine import Machine
from stages.machines.table import NOTHING, marked, matrix

PRICES = (
    "price",
    "provider",
    "region",
    "per hour",
    "billed vCPUs",
    "measured on",
    "looked up",
    "source",
)
CHEAPEST = (
    *("cheapest", "a million", "precision", "isa cap", "runtime", "instances", "batch"),
    *("latency", "top-1", "loss", "in doubt"),
)
BREAK_EVEN = ("break-even", "a million costs the same at", "now it has", "so it is")
NOTES = (
    (
        "a million",
        "price per hour / 3600 s x 1,000,000 images / images/s, with their interval; the",
    ),
    ("", "whole price counts, also that of CPUs that were not measured on"),
    ("latency", "of one image at a time, which one instance classifies alone: not while batches"),
    ("", "give the images/s; the highest percentile that is known of all cells"),
)


def render_costs(machines: Sequence[Machine], entries: Sequence[Entry], bounds: Bounds) -> str:
    """Return the prices, what each cell costs, the cheapest within the bounds, the break-evens.

    Each of the `entries` that ran at all has a cost.
    """
    best, percentile = cheapest_of_each(entries, bounds), percentile_of(entries)
    blocks = [_prices(entries), _matrix(machines, entries), _best(best, bounds, percentile)]
    if len(machines) > 1:
        blocks.append(_break_evens(best, machines[0]))
    return "\n\n".join([*blocks, aligned(NOTES)])


def cost_in_words(cost: Cost, *, once: bool) -> str:
    """Return a cost with its interval, which may have no upper end."""
    found = cost.per_million
    high = figure(found.high) if math.isfinite(found.high) else "no end"
    return f"{figure(found.estimate)} {ONCE if once else f'({figure(found.low)}-{high})'}"


def _prices(entries: Sequence[Entry]) -> str:
    found = {entry.machine.name: (entry.machine, entry.cost) for entry in entries if entry.cost}
    rows = [_price(machine, cost) for machine, cost in found.values()]
    return aligned([PRICES, *rows])


def _price(machine: Machine, cost: Cost) -> tuple[str, ...]:
    price = cost.price
    return (
        machine.name,
        price.provider,
        price.region,
        f"{price.per_hour:.12g} {price.currency}",
        str(price.vcpus),
        str(len(machine.host.cores_pinned)),
        str(price.day),
        price.source,
    )


def _matrix(machines: Sequence[Machine], entries: Sequence[Entry]) -> str:
    currencies = dict.fromkeys(entry.cost.price.currency for entry in entries if entry.cost)
    columns = {machine.name: [f"{' '.join(currencies)} a million"] for machine in machines}
    return matrix(entries, columns, lambda entry: [_cost(entry)])


def _cost(entry: Entry) -> str:
    if not entry.cost:
        return NOTHING
    return marked(cost_in_words(entry.cost, once=entry.measured.once), entry)


def _best(best: Sequence[Entry], bounds: Bounds, percentile: str) -> str:
    asked = bounds.in_words
    if not best:
        return f"no cell of any machine meets: {asked}"
    bounded = [f"bounds: {asked}"] if asked else []
    rows = [_choice(entry, percentile) for entry in best]
    return "\n".join([*bounded, aligned([CHEAPEST, *rows])])


def _choice(entry: Entry, percentile: str) -> tuple[str, ...]:
    cell, layout = entry.cell, entry.measured.layout
    return (
        entry.machine.name,
        _amount(entry),
        entry.key.precision,
        entry.key.isa,
        entry.key.runtime,
        f"{layout.num_instances} of {layout.cores_per_instance} cores",
        str(cell.batch_size),
        f"{percentile} {milliseconds(latency_of(cell, percentile))} ms",
        f"{cell.top1:.1%}",
        NOTHING if cell.loss is None else f"{cell.loss:+.2%}",
        entry.any_doubt or NOTHING,
    )


def _amount(entry: Entry) -> str:
    if not entry.cost:
        return NOTHING
    words = cost_in_words(entry.cost, once=entry.measured.once)
    return f"{words} {entry.cost.price.currency}"


def _break_evens(best: Sequence[Entry], first: Machine) -> str:
    found = break_evens(best, first)
    if not found:
        return f"no break-even: {first.name}, or any other, has no cell that meets the bounds"
    return aligned([BREAK_EVEN, *map(_break_even, found)])


def _break_even(one: BreakEven) -> tuple[str, ...]:
    return (
        f"{one.name} against {one.other}",
        f"{times(one.at, once=one.once)} the price of {one.other}",
        f"{figure(one.now)}x",
        one.verdict,
    )
