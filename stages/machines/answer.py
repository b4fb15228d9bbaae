"""The answer of `invoke diff` in a sentence, which people read first, and some read alone."""

from collections.abc import Iterator, Sequence

from stages.common.figures import quantity
from stages.common.text import OTHER_RUNS
from stages.compare.answer import times_as_fast
from stages.compare.effects import CellKey
from stages.machines.entries import Entry, ratio
from stages.machines.machine import Machine


def answers(machines: Sequence[Machine], entries: Sequence[Entry]) -> list[str]:
    """Return a sentence for each machine beside the first, or for that one if it is alone.

    It begins with what is in doubt, if anything is. If there are three or more, the first says in
    which order they come, and what no interval knows is said once, if it is the same of all.
    """
    first, *others = machines
    if not others:
        return [_of_one(first, entries)]
    pairs = [_of_two(other, first, entries) for other in others]
    unknown = {of_interval for _, of_interval in pairs}
    if len(others) == 1 or len(unknown) > 1:
        return [*_order(machines, entries), *("; ".join(filter(None, pair)) for pair in pairs)]
    ending = [f"For each of these: {words}" for words in unknown if words]
    return [*_order(machines, entries), *(said for said, _ in pairs), *ending]


def _order(machines: Sequence[Machine], entries: Sequence[Entry]) -> Iterator[str]:
    """Yield three and more machines, the one with the most images/s first, each by its fastest."""
    best = [it for machine in machines if (it := _fastest(machine, entries))]
    if len(best) > 2:
        best.sort(key=lambda entry: entry.cell.rate.estimate, reverse=True)
        rates = (f"{it.machine.name} {quantity(it.cell.rate.estimate)}" for it in best)
        yield f"Most images/s first, each at its fastest: {', '.join(rates)}"


def cell_in_words(key: CellKey, *, named: bool) -> str:
    """Return what a sentence calls a cell: with its runtime, if that is to be `named`."""
    return f"{key.precision} capped at {key.isa}{f' by {key.runtime}' if named else ''}"


def has_several_runtimes(entries: Sequence[Entry]) -> bool:
    """Return whether cells must be named by their runtime, too."""
    return len({entry.key.runtime for entry in entries}) > 1


def _fastest(machine: Machine, entries: Sequence[Entry]) -> Entry | None:
    """Return a machine's cell with the most images/s, at the lowest cap if several have as many."""
    own = [entry for entry in entries if entry.machine is machine and entry.cell.rate.estimate]
    return max(own, key=lambda entry: entry.cell.rate.estimate, default=None)


def _of_one(machine: Machine, entries: Sequence[Entry]) -> str:
    best = _fastest(machine, entries)
    if not best:
        return f"Nothing was measured on {machine.name}"
    rate = f"{quantity(best.cell.rate.estimate)} images/s"
    cell = cell_in_words(best.key, named=has_several_runtimes(entries))
    return f"{_doubts(best)}{machine.name} runs {rate} at its fastest, {cell}"


def _of_two(machine: Machine, first: Machine, entries: Sequence[Entry]) -> tuple[str, str]:
    """Return how fast a machine is beside the first, by both's fastest cells.

    The second text is what the interval does not know.
    """
    one, other = _fastest(machine, entries), _fastest(first, entries)
    found = ratio(one.cell, other.cell) if one and other else None
    if not (one and other and found):
        return f"{machine.name} and {first.name} have no figures to compare", ""
    named = has_several_runtimes(entries)
    ours, theirs = (cell_in_words(entry.key, named=named) for entry in (one, other))
    cells = f"both {ours}" if ours == theirs else f"{ours}, against {theirs}"
    once = one.measured.once or other.measured.once
    speed = times_as_fast(found, first.name, once=once)
    said = f"{_doubts(other, one)}{machine.name} runs {speed}, each at its fastest: {cells}"
    few = other.measured.too_few or one.measured.too_few
    of_interval = "" if once else f"{few} of 95%" if few else OTHER_RUNS
    also = "; both are runs of one machine, not started again in between"
    return f"{said}{also if machine.is_also(first) else ''}", of_interval


def _doubts(*entries: Entry) -> str:
    """Return whose images/s can't be relied on, with a space behind; empty if all can."""
    marks = dict.fromkeys(entry.doubt for entry in entries if entry.doubt)
    names = {
        mark: " and ".join(entry.machine.name for entry in entries if entry.doubt == mark)
        for mark in marks
    }
    return "".join(f"{mark}: images/s of {those}. " for mark, those in names.items())
