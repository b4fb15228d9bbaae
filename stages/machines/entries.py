"""The cells of all machines, each beside that of the first machine, and with what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.common.stats import independent_ratio
from stages.compare.effects import CellKey
from stages.isa import rank
from stages.machines.machine import CellFigures, Machine, Measured
from stages.machines.prices import Price
from stages.precisions import PRECISION_NAMES
from stages.records.base import Interval
from stages.runtimes import RUNTIME_NAMES

INVALID, UNTRUSTED = "INVALID", "NOT TO BE TRUSTED"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a million images cost, in the currency of the price."""

    price: Price
    per_million: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A measured cell of a machine.

    - `ratio`: its images/s over those of the same cell on the first machine; None if there are
      none, or it is the first. `ratio_once`: one of both was timed once, so that it has no
      interval.
    - `cost`: None without prices, or if the cell did nothing.
    """

    machine: Machine
    measured: Measured
    key: CellKey
    cell: CellFigures
    ratio: Interval | None
    ratio_once: bool
    cost: Cost | None

    @property
    def doubt(self) -> str:
        """How its images/s are marked, empty if they can be relied on."""
        if self.cell.in_doubt:
            return INVALID
        return "" if self.measured.trusted else UNTRUSTED

    @property
    def any_doubt(self) -> str:
        """The same for a row that shows its latency, too."""
        return self.doubt if self.cell.valid else INVALID

    @property
    def amount(self) -> float:
        """What a million images cost, infinite if that is not known."""
        return self.cost.per_million.estimate if self.cost else float("inf")


def entries_of(machines: Sequence[Machine], prices: Mapping[str, Price]) -> list[Entry]:
    """Return all measured cells, the lowest cap first, and each cell's machines in their order.

    `prices` are by the machines' names; there may be none.
    """
    cells = {machine.name: machine.cells for machine in machines}
    keys = {key for of_machine in cells.values() for key in of_machine}
    return [
        _entry(machine, machines[0], key, cell, prices.get(machine.name))
        for key in sorted(keys, key=_place)
        for machine in machines
        if (cell := cells[machine.name].get(key))
    ]


def _place(key: CellKey) -> tuple[int, int, int]:
    precision, runtime = PRECISION_NAMES.index(key.precision), RUNTIME_NAMES.index(key.runtime)
    return rank(key.isa), precision, runtime


def _entry(
    machine: Machine, first: Machine, key: CellKey, cell: CellFigures, price: Price | None
) -> Entry:
    measured, reference = machine.runtimes[key.runtime], first.runtimes.get(key.runtime)
    other = reference.cells.get(key) if reference and machine is not first else None
    per_million = price.per_million(cell.rate) if price else None
    return Entry(
        machine=machine,
        measured=measured,
        key=key,
        cell=cell,
        ratio=ratio(cell, other) if other else None,
        ratio_once=measured.once or bool(reference and reference.once),
        cost=Cost(price, per_million) if price and per_million else None,
    )


def ratio(cell: CellFigures, reference: CellFigures) -> Interval | None:
    """Return images/s of a cell over those of one on another machine; None if either did nothing.

    The two shared no round: those of each are drawn on their own.
    """
    if not (cell.rate.estimate and reference.rate.estimate):
        return None
    return independent_ratio(cell.rates, reference.rates)
