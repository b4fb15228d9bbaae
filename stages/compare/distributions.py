"""How the latencies of single images are distributed, cell by cell, in the turns that count."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.common.headline import is_invalid
from stages.compare.inputs import RuntimeProfile
from stages.isa import get_isa
from stages.precisions import get_precision
from stages.records.base import Interval
from stages.records.cell import Cell
from stages.records.measure import counting

# Percentiles: the ends of a whisker, the ends of a box, the middle.
PERCENTILES = (5, 25, 50, 75, 95)
# Marks of a strip, at most.
MARKS = 61
# With fewer queries, 5% are less than one: a box would say more than is known.
FEW = 20


@dataclass(frozen=True, slots=True)
class Distribution:
    """The latencies of a cell in milliseconds.

    `quantiles` are at PERCENTILES, none if there are fewer queries than FEW; `marks` are all
    queries, in order, or MARKS of them, in even steps from the shortest to the longest. `median` is
    the figure of the table, with its interval over the rounds; p90 and p99 are None with too few
    queries. `invalid` if the record says so of its latency.
    """

    runtime: str
    precision: str
    isa: str
    queries: int
    quantiles: Sequence[float]
    marks: Sequence[float]
    median: Interval
    p90_ms: float | None
    p99_ms: float | None
    invalid: bool

    @property
    def name(self) -> str:
        """What people call the cell."""
        return f"{get_precision(self.precision).label}, {get_isa(self.isa).label}"


def distributions(profile: RuntimeProfile) -> list[Distribution]:
    """Return that of each cell that was timed, in the record's order."""
    spread = (_distribution(profile.runtime, cell) for cell in profile.record.cells)
    return [*filter(None, spread)]


def _distribution(runtime: str, cell: Cell) -> Distribution | None:
    measurement = cell.measurement
    if measurement is None:
        return None
    stream = measurement.single_stream
    seconds = [one for run in counting(stream.runs) for one in run.seconds]
    milliseconds = 1000 * np.asarray(seconds, np.float64)
    return Distribution(
        runtime=runtime,
        precision=cell.precision,
        isa=cell.requested_isa,
        queries=len(seconds),
        quantiles=_quantiles(milliseconds),
        marks=_marks(np.sort(milliseconds)),
        median=stream.latency_p50_ms,
        p90_ms=stream.latency_p90_ms,
        p99_ms=stream.latency_p99_ms,
        invalid=is_invalid(measurement.validity.reasons, "single_stream"),
    )


def _quantiles(queries: NDArray[np.float64]) -> list[float]:
    found: list[float] = np.percentile(queries, PERCENTILES).tolist()
    return found if len(queries) >= FEW else []


def _marks(ordered: NDArray[np.float64]) -> list[float]:
    last = len(ordered) - 1
    steps = np.linspace(0, last, min(MARKS, len(ordered)))
    found: list[float] = ordered[np.rint(steps).astype(int)].tolist()
    return found
