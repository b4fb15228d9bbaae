"""compare.json."""

from dataclasses import dataclass, field
from typing import Annotated

from stages.records import proof
from stages.records.accuracy import AccuracyDifference, Chance, LossInterval, Recalls
from stages.records.accuracy_bound import AccuracyBound
from stages.records.base import Host, Interval, Record, Source
from stages.records.cell import Reason
from stages.records.disturbed import DisturbedTurns
from stages.records.fields import (
    Count,
    Fraction,
    IsaName,
    Loss,
    Milliseconds,
    Moment,
    Multiple,
    PerSecond,
    PrecisionName,
    RuntimeName,
    Sha256,
    Size,
    doc,
    doc_of_added,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfCell:
    """Something about one cell."""

    runtime: Annotated[RuntimeName, doc("Which TensorFlow the cell is about.")]
    precision: Annotated[PrecisionName, doc("Precision of the cell.")]
    isa: Annotated[IsaName, doc("The cell's value of ONEDNN_MAX_CPU_ISA, which caps oneDNN.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(OfCell):
    """A measured cell as compare shows it, with the effects that its figures allow."""

    verdict: proof.Verdict
    kernel: Annotated[str, doc("Name of the costliest kernel that multiplies.")]
    valid: Annotated[bool, doc("True if its figures can be relied on.")]
    reasons: Annotated[list[Reason], doc("Why they can't; empty if they can.")]
    accuracy_top1: Annotated[Fraction, doc("Top-1 on the test split, a fraction from 0 to 1.")]
    accuracy_loss: Annotated[
        Loss | None,
        doc(
            "Top-1 lost relative to FP32's at the same isa, at most 1; negative if it is better; "
            "null if FP32 was not measured, or classified nothing right."
        ),
    ]
    agreement_fp32: Annotated[
        Fraction | None,
        doc(
            "Fraction of the images, from 0 to 1, to which FP32 at the highest isa measured gives "
            "the same class; null if FP32 was not measured."
        ),
    ]
    throughput_images_per_s: Annotated[Interval, doc("Images per second, offline.")]
    latency_p50_ms: Annotated[Interval, doc("Median latency of one image, in milliseconds.")]
    latency_p90_ms: Annotated[
        Milliseconds | None,
        doc("90th percentile of that latency, in milliseconds; null with fewer than 20 queries."),
    ]
    server_per_s: Annotated[
        PerSecond | None,
        doc("Highest rate within the latency bound, in queries per second; null without a bound."),
    ]
    precision_speedup: Annotated[
        Interval | None,
        doc("throughput_images_per_s over FP32's at the same isa; null if FP32 was not measured."),
    ]
    isa_speedup: Annotated[
        Interval | None,
        doc(
            "throughput_images_per_s over that of the same precision at isa_reference; null if that"
            " was not measured."
        ),
    ]
    accuracy_interval: Annotated[
        Interval | None,
        doc_of_added("accuracy_top1 with its exact 95% interval (Clopper-Pearson)."),
    ] = None
    accuracy_difference: Annotated[
        AccuracyDifference | None,
        doc_of_added(
            "How it differs from FP32 at the same isa; null for FP32, or if that was not measured."
        ),
    ] = None
    accuracy_loss_interval: Annotated[
        LossInterval | None,
        doc_of_added(
            "accuracy_loss with its 95% interval, by exact ones of what accuracy_difference counts."
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated(OfCell):
    """The cell that a profile measured twice."""

    offline_ratio: Annotated[
        Interval, doc("How many times as fast it was the second time as the first, offline.")
    ]
    single_stream_ratio: Annotated[Interval, doc("The same in a single stream.")]
    trusted: Annotated[bool, doc("True if the profile's run can be relied on.")]
    reasons: Annotated[list[Reason], doc("Why it can't; empty if it can.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """INT8 without VNNI, whose sums of products may saturate, beside INT8 with VNNI."""

    runtime: Annotated[RuntimeName, doc("Which TensorFlow ran both.")]
    isa: Annotated[IsaName, doc("Cap without VNNI.")]
    reference_isa: Annotated[IsaName, doc("Cap with VNNI.")]
    differing: Annotated[Count, doc("Images that the two classify differently.")]
    images: Annotated[Size, doc("Images of the test split.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(OfCell):
    """What a cell achieves beside what its own best kernel does, and where its time goes.

    Operations are multiplications and additions; fractions are of the time of the inference in the
    proof run.
    """

    achieved_gops: proof.AchievedGops
    best_gops: proof.BestGops
    best_over_fp32: Annotated[
        Multiple | None,
        doc("best_gops as a multiple of FP32's at the same isa; null if that was not measured."),
    ]
    limit: proof.Limit
    at_best_rate: proof.AtBestRate
    slower_kernels: proof.SlowerKernels
    pooling: proof.Pooling
    reorders: proof.Reorders
    other: proof.Other
    framework: proof.Framework
    disturbed: Annotated[
        bool,
        doc_of_added(
            "True if these figures exceed what the hardware can do, so that something slowed down "
            "what they are relative to."
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRun(OfCell):
    """A cell that could not be measured."""

    reason: Annotated[str, doc("Why.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRecord(Record):
    """compare.json: the rows of the table, and what could not be run."""

    profile_sha256: Annotated[
        dict[RuntimeName, Sha256],
        doc("sha256 of the SHA256SUMS of each profile folder used, by runtime."),
    ]
    rehearse_sha256: Annotated[
        Sha256 | None,
        doc("sha256 of the SHA256SUMS of the rehearse folder that is shown; null if none is."),
    ]
    measured: Annotated[
        dict[RuntimeName, list[Moment]],
        doc(
            "When the parts of each profile were measured, in UTC, by runtime, the first first; "
            "one if no rounds were added."
        ),
    ]
    versions: Annotated[
        dict[RuntimeName, dict[str, str]],
        doc("Versions of Python and of the packages that ran models, by runtime and name."),
    ]
    data: Annotated[Source, doc("Where the images came from.")]
    backbone: Annotated[Source, doc("Where the frozen layers came from.")]
    host: Annotated[
        Host,
        doc("The machine that was measured on; its versions are those of the first runtime."),
    ]
    isa_reference: Annotated[IsaName, doc("The cap that ISA effects are relative to.")]
    rows: Annotated[list[Row], doc("Measured cells, the lowest isa first.")]
    repeats: Annotated[list[Repeated], doc("The cell that was measured twice, by runtime.")]
    disturbed: Annotated[
        list[DisturbedTurns], doc("What disturbed the turns of each profile, if anything did.")
    ]
    saturations: Annotated[list[Saturation], doc("INT8 at each cap without VNNI.")]
    limits: Annotated[list[Limit], doc("Cells with figures of their own, the lowest isa first.")]
    impossible: Annotated[list[NotRun], doc("Cells that were not run, the lowest isa first.")]
    in_groups: Annotated[
        list[RuntimeName],
        doc_of_added(
            "Runtimes whose cells were measured in groups, as memory did not hold all of them; the "
            "figures of cells of unlike rounds need not divide to their ratio."
        ),
    ] = field(default_factory=list)
    precision_goals: Annotated[
        dict[RuntimeName, Fraction],
        doc_of_added(
            "Half the width that the interval of each ratio was to have, as a fraction of it, by "
            "runtime; none of a run with a fixed number of rounds."
        ),
    ] = field(default_factory=dict)
    chance: Annotated[
        dict[RuntimeName, Chance],
        doc_of_added(
            "Whether FP32 is better than the largest class alone, on the test split, by runtime; "
            "at the highest isa at which it was measured."
        ),
    ] = field(default_factory=dict)
    recalls: Annotated[
        list[Recalls],
        doc_of_added(
            "What FP32 and INT8 get right of each class, by runtime; none unless both were "
            "measured at a cap."
        ),
    ] = field(default_factory=list)
    bounds: Annotated[
        list[AccuracyBound],
        doc_of_added(
            "The bound that INT8 of each runtime was made under; none unless both models were "
            "measured at a cap, and quantize's record is there."
        ),
    ] = field(default_factory=list)
