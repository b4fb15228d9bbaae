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

    It begins with what is in doubt, if anything is.
    """
    first, *others = machines
    if not others:
        return [_of_one(first, entries)]
    return [_of_two(other, first, entries) for other in others]


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


def _of_two(machine: Machine, first: Machine, entries: Sequence[Entry]) -> str:
    """Return how fast a machine is beside the first, each by its fastest cell."""
    one, other = _fastest(machine, entries), _fastest(first, entries)
    found = ratio(one.cell, other.cell) if one and other else None
    if not (one and other and found):
        return f"{machine.name} and {first.name} have no figures to compare"
    named = has_several_runtimes(entries)
    ours, theirs = (cell_in_words(entry.key, named=named) for entry in (one, other))
    cells = f"both {ours}" if ours == theirs else f"{ours}, against {theirs}"
    once = one.measured.once or other.measured.once
    speed = times_as_fast(found, first.name, once=once)
    said = f"{_doubts(other, one)}{machine.name} runs {speed}, each at its fastest: {cells}"
    few = other.measured.too_few or one.measured.too_few
    of_interval = "" if once else f"{few} of 95%" if few else OTHER_RUNS
    return "; ".join([said, *_cautions(machine, first, of_interval)])


def _cautions(machine: Machine, first: Machine, of_interval: str) -> Iterator[str]:
    """Yield what a ratio of two runs does not show, and then what its interval does not."""
    if machine.is_also(first):
        yield "both are runs of one machine, not started again in between"
    if of_interval:
        yield of_interval


def _doubts(*entries: Entry) -> str:
    """Return whose images/s can't be relied on, with a space behind; empty if all can."""
    marks = dict.fromkeys(entry.doubt for entry in entries if entry.doubt)
    names = {
        mark: " and ".join(entry.machine.name for entry in entries if entry.doubt == mark)
        for mark in marks
    }
    return "".join(f"{mark}: images/s of {those}. " for mark, those in names.items())
