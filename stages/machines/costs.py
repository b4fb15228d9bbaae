"""Which cell is the cheapest that meets some bounds, and at which prices two cost the same."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stages.common.stats import within
from stages.errors import SettingsError
from stages.machines.entries import Entry, ratio
from stages.machines.machine import CellFigures, Machine
from stages.records.base import Interval
from stages.setting.ranges import Range
from stages.setting.spec import read_decimal
from stages.setting.suggestion import quoted

# What is known of the latency of single images, the highest first.
MEDIAN = "p50"
PERCENTILES = ("p99", "p90", MEDIAN)
LATENCY_MS = Range(0.001, 3_600_000, "nobody waits for an image for more than an hour")
LOSS = Range(0, 1, "a fraction of FP32's top-1, as 0.01")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a cell must meet to be chosen; None if anything will do.

    `latency_ms` is in milliseconds, `loss` a fraction of the top-1 of FP32 at the same cap.
    """

    latency_ms: float | None = None
    loss: float | None = None

    def in_words(self, percentile: str) -> str:
        """Return what is asked for, with the latency's percentile; empty if anything will do."""
        most = f"latency ({percentile}) at most"
        latency = f"{most} {self.latency_ms:g} ms" if self.latency_ms is not None else ""
        loss = f"measured loss at most {100 * self.loss:g}%" if self.loss is not None else ""
        return ", ".join(filter(None, [latency, loss]))

    def met_by(self, cell: CellFigures, percentile: str = MEDIAN) -> bool:
        """Return whether a cell meets both, the latency at a percentile.

        One whose loss is not known meets no bound of it.
        """
        in_time = self.latency_ms is None or latency_of(cell, percentile) <= self.latency_ms
        right = self.loss is None or (cell.loss is not None and within(cell.loss, self.loss))
        return in_time and right


def read_bounds(latency_ms: str, loss: str) -> Bounds:
    """Return the bounds that two texts stand for, an empty one for none.

    Raises SettingsError for what is no number, or out of range.
    """
    return Bounds(
        _number("latency_ms", latency_ms, LATENCY_MS) if latency_ms else None,
        _number("loss", loss, LOSS) if loss else None,
    )


def _number(name: str, text: str, bounds: Range) -> float:
    try:
        number = read_decimal(text.strip())
    except ValueError:
        number = math.nan
    if number not in bounds:
        allowed = f"a number {bounds} ({bounds.reason})"
        raise SettingsError(f"{name} can't be {quoted(text)}; give {allowed}")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """The price of one machine as a multiple of another's at which a million images cost the same.

    `at` is that multiple, `now` the one of the prices given. `once`: `at` has no interval.
    `in_doubt`: the figures of either can't be relied on. `one_machine`: both are runs of it.
    """

    name: str
    other: str
    at: Interval
    now: float
    once: bool
    in_doubt: bool
    one_machine: bool

    @property
    def verdict(self) -> str:
        """Whether the one is cheaper than the other, as far as the interval shows it.

        Runs of one machine differ by when they were made, of which their intervals know nothing.
        """
        if self.one_machine:
            return "not decided, as both are runs of one machine"
        if self.once or self.at.low <= self.now <= self.at.high:
            return "not decided"
        cheaper = "cheaper" if self.now < self.at.low else "dearer"
        return f"{cheaper}, IN DOUBT" if self.in_doubt else cheaper


def percentile_of(entries: Sequence[Entry]) -> str:
    """Return the highest percentile of single images that is known of all cells.

    A bound on it is the same for all: slow cells had too few images for the higher ones.
    """
    known = (name for name in PERCENTILES if all(_latencies(it.cell)[name] for it in entries))
    return next(known, MEDIAN)


def latency_of(cell: CellFigures, percentile: str) -> float:
    """Return a percentile of a cell's latency in milliseconds, which must be known of it."""
    return _latencies(cell)[percentile] or math.inf


def _latencies(cell: CellFigures) -> dict[str, float | None]:
    return {"p99": cell.p99_ms, "p90": cell.p90_ms, MEDIAN: cell.p50_ms.estimate}


def cheapest_of_each(entries: Sequence[Entry], bounds: Bounds) -> list[Entry]:
    """Return the cheapest cell of each machine that meets the bounds, the cheapest machine first.

    If cells cost the same, as they ran the same kernels, it is the one at the lowest cap.
    """
    best: dict[str, Entry] = {}
    percentile = percentile_of(entries)
    for entry in entries:
        there = best.get(entry.machine.name)
        meets = entry.cost and bounds.met_by(entry.cell, percentile)
        if meets and (not there or entry.amount < there.amount):
            best[entry.machine.name] = entry
    return sorted(best.values(), key=lambda entry: entry.amount)


def break_evens(best: Sequence[Entry], reference: Machine) -> list[BreakEven]:
    """Return the break-even of each machine against another; none if that is not among them."""
    others = [entry for entry in best if entry.machine is reference]
    found = (_break_even(entry, other) for other in others for entry in best if entry is not other)
    return [one for one in found if one]


def _break_even(one: Entry, other: Entry) -> BreakEven | None:
    same_at = ratio(one.cell, other.cell)
    if not (one.cost and other.cost and same_at):
        return None
    return BreakEven(
        name=one.machine.name,
        other=other.machine.name,
        at=same_at,
        now=one.cost.price.per_hour / other.cost.price.per_hour,
        once=one.measured.once or other.measured.once,
        in_doubt=bool(one.doubt or other.doubt),
        one_machine=one.machine.is_also(other.machine),
    )
