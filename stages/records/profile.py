"""measurements.json, 32.json and 8.json."""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from stages.records.accuracy import Chance
from stages.records.base import Interval, MeasuredRecord, Record
from stages.records.cell import Cell, Measurement, Reason
from stages.records.fields import (
    Fraction,
    IsaName,
    Milliseconds,
    Moment,
    PerSecond,
    PrecisionName,
    Rounds,
    RuntimeName,
    Sha256,
    Size,
    doc,
    doc_of_added,
)
from stages.records.measure import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a cell's offline work is shared; in a single stream, one instance works alone."""

    num_instances: Annotated[Size, doc("Processes that hold the model.")]
    cores_per_instance: Annotated[Size, doc("Cores that each process has to itself.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutTrial:
    """One of several layouts that were tried to find the fastest."""

    layout: Annotated[Layout, doc("What was tried.")]
    throughput_images_per_s: Annotated[Interval, doc("Images per second in the median round.")]
    overlap: Annotated[
        Fraction, doc("Fraction of the time in which all instances ran, the median of the rounds.")
    ]
    runs: Annotated[list[Run], Rounds, doc("The layout's turns, offline, in the order taken.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """The A/A cell: measured twice in the same rounds, it shows what noise looks like."""

    precision: Annotated[PrecisionName, doc("Precision of the cell.")]
    isa: Annotated[IsaName, doc("The cell's value of ONEDNN_MAX_CPU_ISA.")]
    offline_ratio: Annotated[
        Interval, doc("How many times as fast it was the second time as the first, offline.")
    ]
    single_stream_ratio: Annotated[Interval, doc("The same in a single stream.")]
    trusted: Annotated[
        bool, doc("True if the run can be relied on, as the cell is as fast as itself.")
    ]
    reasons: Annotated[list[Reason], doc("Why the run is not to be trusted; empty if it is.")]
    measurement: Annotated[Measurement, doc("What was measured the second time.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRecord(MeasuredRecord):
    """measurements.json: every cell with its raw samples."""

    runtime: Annotated[RuntimeName, doc("Which TensorFlow ran the models.")]
    quantize_sha256: Annotated[Sha256, doc("sha256 of the SHA256SUMS of the quantize folder used.")]
    strict: Annotated[bool, doc("True if turns were as long as MLPerf's rules ask.")]
    layout: Annotated[Layout, doc("Processes and cores that all cells were measured with.")]
    tried: Annotated[
        list[LayoutTrial],
        doc("Layouts tried to find the fastest; empty if only one was asked for."),
    ]
    cells: Annotated[
        list[Cell], Meta(min_length=1), doc("Every cell asked for, from the lowest isa up.")
    ]
    repeat: Annotated[Repeat, doc("The cell that was measured twice.")]
    added_to: Annotated[
        list[Moment],
        doc(
            "When the parts were measured, in UTC, that rounds were added to, the first first; "
            "empty if all was measured at once."
        ),
    ] = field(default_factory=list)
    classes: Annotated[
        list[str], doc_of_added("Names of the classes; an index is a place in this list.")
    ] = field(default_factory=list)

    @property
    def parts(self) -> list[str]:
        """When its parts were measured, the first first."""
        return [*self.added_to, self.maker.made]

    def measured_cell(self, cell: Cell) -> Cell:
        """Return one of `cells`, or the one that it is the same as, whose figures are its own."""
        isa = cell.same_as or cell.requested_isa
        found = (
            other
            for other in self.cells
            if (other.precision, other.requested_isa) == (cell.precision, isa)
        )
        return next(found, cell)

    def anchor(self, scenario: str) -> list[Run]:
        """Return the turns of the cell that shared the rounds of all others; `repeat` names it.

        Empty if it is not there.
        """
        found = (
            cell.measurement
            for cell in self.cells
            if (cell.precision, cell.requested_isa) == (self.repeat.precision, self.repeat.isa)
        )
        measurement = next(filter(None, found), None)
        return measurement.runs(scenario) if measurement else []

    def anchors(self, scenario: str) -> list[list[Run]]:
        """Return the turns of that cell, those of the first time and those of the second."""
        return [self.anchor(scenario), self.repeat.measurement.runs(scenario)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary(Record):
    """32.json and 8.json: FP32 and INT8 at the highest isa at which both were measured."""

    precision: Annotated[PrecisionName, doc("fp32 in 32.json, int8 in 8.json.")]
    isa: Annotated[
        IsaName,
        doc(
            "Highest value of ONEDNN_MAX_CPU_ISA at which both models were proven. If that is not "
            "kernels_isa, the figures were timed at kernels_isa, and are named so elsewhere."
        ),
    ]
    kernels_isa: Annotated[
        IsaName | None,
        doc_of_added(
            "Lowest isa at which the very same kernels ran, so that its figures are these."
        ),
    ] = None
    accuracy: Annotated[Fraction, doc("Top-1 on the test split, a fraction from 0 to 1.")]
    throughput: Annotated[PerSecond, doc("Images per second, offline, of the median round.")]
    latency: Annotated[Milliseconds, doc("Median latency of one image at a time, in milliseconds.")]
    throughput_interval: Annotated[
        Interval | None,
        doc_of_added("throughput with its 95% interval over the rounds, in images per second."),
    ] = None
    latency_interval: Annotated[
        Interval | None,
        doc_of_added("latency with its 95% interval over the rounds, in milliseconds."),
    ] = None
    throughput_speedup: Annotated[
        Interval | None,
        doc_of_added("throughput over FP32's, with its 95% interval; null for FP32."),
    ] = None
    latency_speedup: Annotated[
        Interval | None,
        doc_of_added("FP32's latency over this one, with its 95% interval; null for FP32."),
    ] = None
    rounds: Annotated[
        dict[str, int],
        doc_of_added("Number of rounds that count, by scenario: offline, single_stream."),
    ] = field(default_factory=dict)
    valid: Annotated[
        bool, doc("True if throughput and latency can be relied on, beside the run.")
    ] = False
    reasons: Annotated[list[Reason], doc("Why they can't; empty if they can.")] = field(
        default_factory=list
    )
    trusted: Annotated[bool, doc("True if the run as a whole can be relied on.")] = False
    run_reasons: Annotated[list[Reason], doc("Why the run can't; empty if it can.")] = field(
        default_factory=list
    )
    chance: Annotated[
        Chance | None,
        doc_of_added("Whether accuracy is better than the largest class alone."),
    ] = None
    units: Annotated[dict[str, str], doc("Unit of each figure in words, by its name.")] = field(
        default_factory=lambda: {
            "accuracy": "top-1, fraction",
            "throughput": "images/s, offline",
            "latency": "ms, single-stream median",
            "throughput_interval": "images/s, offline",
            "latency_interval": "ms, single-stream median",
            "throughput_speedup": "times FP32's images/s",
            "latency_speedup": "times shorter than FP32's",
            "rounds": "turns",
        }
    )
