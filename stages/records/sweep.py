"""sweep.json: throughput and latency over batch sizes and layouts of instances."""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from stages.records.base import Interval, MeasuredRecord
from stages.records.cell import Validity
from stages.records.fields import (
    IsaName,
    Milliseconds,
    PrecisionName,
    Rounds,
    RuntimeName,
    Sha256,
    Size,
    doc,
)
from stages.records.measure import Run
from stages.records.profile import Layout
from stages.records.proof import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class PointName:
    """Which point of a sweep is meant."""

    precision: Annotated[PrecisionName, doc("What the model ran in.")]
    layout: Annotated[Layout, doc("Processes that shared the cores, and the cores of each.")]
    batch_size: Annotated[Size, doc("Images per batch of each process.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeProof:
    """What oneDNN's log says of a cell at one batch size."""

    batch_size: Annotated[Size, doc("Images in the batch that was traced.")]
    proof: Annotated[Proof, doc("What ran while that batch was classified.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptCell:
    """A precision at the highest isa at which it has kernels of its own here."""

    precision: Annotated[PrecisionName, doc("What the model ran in.")]
    isa: Annotated[IsaName, doc("Value of ONEDNN_MAX_CPU_ISA, which caps oneDNN.")]
    impossible: Annotated[str | None, doc("Why it was not run; null if it was.")] = None
    proofs: Annotated[
        list[SizeProof],
        doc("A proof for each batch size, the smallest first; empty if it was not run."),
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A precision in one layout at one batch size."""

    name: Annotated[PointName, doc("Which one it is.")]
    throughput_images_per_s: Annotated[
        Interval, doc("Images per second of all processes together, in the median round.")
    ]
    batches: Annotated[
        Size, doc("Batches that the latencies follow from: those that ran while all processes did.")
    ]
    latency_p50_ms: Annotated[
        Milliseconds, doc("Median of how long the model took for a batch, in milliseconds.")
    ]
    latency_p99_ms: Annotated[
        Milliseconds | None,
        doc("99th percentile of the same, in milliseconds; null with fewer than 200 batches."),
    ]
    latency_max_ms: Annotated[Milliseconds, doc("The slowest of the same, in milliseconds.")]
    validity: Annotated[Validity, doc("Whether these figures can be relied on.")]
    runs: Annotated[list[Run], Rounds, doc("The point's turns, in the order taken.")]

    @property
    def tail_ms(self) -> float:
        """The 99th percentile of the latencies or, with too few batches for it, the slowest."""
        return self.latency_max_ms if self.latency_p99_ms is None else self.latency_p99_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Knee:
    """From which batch size on larger batches gain little, for a precision in one layout."""

    precision: Annotated[PrecisionName, doc("What the model ran in.")]
    layout: Annotated[Layout, doc("The layout.")]
    batch_size: Annotated[
        Size,
        doc(
            "The smallest batch at which the throughput's interval reaches 95% of the highest "
            "throughput in this layout."
        ),
    ]
    best_size: Annotated[Size, doc("The batch size with that highest throughput.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinBound:
    """The fastest point of a precision whose batches take no longer than a bound."""

    precision: Annotated[PrecisionName, doc("What the model ran in.")]
    bound_ms: Annotated[Size, doc("The bound, in milliseconds.")]
    point: Annotated[
        PointName | None,
        doc(
            "The point with most images per second of those whose latency_p99_ms, or "
            "latency_max_ms if that is null, is within the bound; null if none is."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord(MeasuredRecord):
    """sweep.json: every point with its raw samples, and what follows from all of them."""

    runtime: Annotated[RuntimeName, doc("Which TensorFlow ran the models.")]
    quantize_sha256: Annotated[Sha256, doc("sha256 of the SHA256SUMS of the quantize folder used.")]
    cells: Annotated[
        list[SweptCell], Meta(min_length=1), doc("Every precision asked for, in that order.")
    ]
    left_out: Annotated[
        list[str], doc("Batch sizes and layouts that were not tried by default, and why, in words.")
    ]
    groups: Annotated[
        Size,
        doc("Groups that the points were measured in, one after the other, for want of memory."),
    ]
    reference: Annotated[
        PointName, doc("The point that was measured in each group, as a link between them.")
    ]
    points: Annotated[
        list[Point],
        Meta(min_length=1),
        doc("Every point, by precision, layout and batch size."),
    ]
    knees: Annotated[
        list[Knee], doc("One for each precision in each layout, in the points' order.")
    ]
    best: Annotated[
        list[PointName], doc("The point with most images per second, of each precision.")
    ]
    bounds: Annotated[
        list[WithinBound], doc("For each bound, the lowest first, each precision's fastest point.")
    ]

    def point(self, name: PointName) -> Point:
        """Return the point of this name; KeyError if there is none."""
        return {point.name: point for point in self.points}[name]
