"""A cell: one precision at one isa, what was measured of it, and whether that can be relied on."""

from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from stages.records.base import Interval
from stages.records.fields import (
    END,
    Fraction,
    IsaName,
    Milliseconds,
    Moment,
    PerSecond,
    PrecisionName,
    Prediction,
    Rounds,
    Seconds,
    Size,
    doc,
)
from stages.records.measure import Disturbance, Run
from stages.records.proof import Proof, Roofline

ReasonKind: TypeAlias = (
    Disturbance
    | Literal[
        "loadgen",
        "spread",
        "drift",
        "overlap",
        "other_classes",
        "few_rounds",
        "not_itself",
        "noise",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """Throughput: all images are known beforehand."""

    batch_size: Annotated[Size, doc("Images per batch; the last of a run may have fewer.")]
    throughput_images_per_s: Annotated[Interval, doc("Images per second in the median round.")]
    runs: Annotated[list[Run], Rounds, doc("The cell's turns, in the order taken.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStream:
    """Latency: one image at a time."""

    queries: Annotated[Size, doc("Images classified in all rounds.")]
    latency_p50_ms: Annotated[
        Interval, doc("Median of the rounds' median latencies, in milliseconds.")
    ]
    latency_p90_ms: Annotated[
        Milliseconds | None,
        doc("90th percentile of all queries, in milliseconds; null with fewer than 20."),
    ]
    latency_p99_ms: Annotated[
        Milliseconds | None,
        doc("99th percentile of all queries, in milliseconds; null with fewer than 200."),
    ]
    runs: Annotated[list[Run], Rounds, doc("The cell's turns, in the order taken.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTest:
    """One test of the server scenario, whose queries come at random times."""

    target_per_s: Annotated[PerSecond, doc("Queries per second that LoadGen sent on average.")]
    valid: Annotated[bool, doc("True if LoadGen calls the test valid.")]
    reasons: Annotated[list[str], doc("Why it is not valid, in LoadGen's words; empty if it is.")]
    completed_per_s: Annotated[PerSecond, doc("Queries per second that were answered.")]
    latency_ms: Annotated[
        Milliseconds,
        doc("Latency at the percentile asked about, in milliseconds; 0 if LoadGen gave none."),
    ]
    log: Annotated[str, doc("Folder of LoadGen's log within the folder loadgen.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The highest rate at which enough queries are answered within a bound."""

    latency_bound_ms: Annotated[Milliseconds, doc("The bound, in milliseconds.")]
    percentile: Annotated[
        Fraction, doc("Fraction of the queries that must be answered within it, from 0 to 1.")
    ]
    rate_per_s: Annotated[
        PerSecond,
        doc("Highest rate, in queries per second, of a valid test; 0 if no test was valid."),
    ]
    tests: Annotated[
        list[ServerTest], Meta(min_length=1), doc("All tests that were made, in order.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """What a cell answered on the test split, in a test of its own."""

    top1: Annotated[Fraction, doc("Fraction of the images that it classified right, from 0 to 1.")]
    predictions: Annotated[
        list[Prediction],
        Meta(min_length=1),
        doc("Class index of each image; -1 if LoadGen did not ask for it."),
    ]
    agreement_fp32: Annotated[
        Fraction | None,
        doc(
            "Fraction of the images, from 0 to 1, to which FP32 at the highest isa measured gives "
            "the same class; null if FP32 was not measured."
        ),
    ]
    log: Annotated[str, doc("Folder of LoadGen's log within the folder loadgen.")]
    made: Annotated[
        Moment,
        doc("When it answered, in UTC: before the rounds, perhaps in an earlier run."),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a figure can't be relied on."""

    kind: Annotated[
        ReasonKind,
        doc(
            "loadgen: LoadGen calls runs invalid; spread: the rounds differ; drift: later rounds "
            "are faster or slower; overlap: instances ran too little at the same time; waiting, "
            "steal, throttled, quota, clock_step: what disturbed the turns, as in disturbed_by, "
            "where too few turns were undisturbed. The other kinds are about the cell that is "
            "measured twice: other_classes: it gave other answers; few_rounds: there are too few "
            "to judge it; not_itself: it is faster or slower than itself; noise: the interval of "
            "that ratio is too wide."
        ),
    ]
    scenario: Annotated[
        str,
        Meta(pattern=f"^(offline|single_stream)?{END}"),
        doc("Scenario whose runs it is about; empty if it is about the whole run."),
    ] = ""
    numbers: Annotated[
        dict[str, float],
        doc(
            "The numbers behind it, by name. A number that has the kind's name is a fraction, for "
            "throttled and quota a count, for clock_step in seconds. loadgen has runs and of: how "
            "many runs, of how many; few_rounds has rounds; not_itself and noise have the ratio's "
            "estimate, low and high."
        ),
    ] = field(default_factory=dict)
    text: Annotated[str, doc("LoadGen's own words, if the kind is loadgen; else empty.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """Whether a cell's figures can be relied on."""

    valid: Annotated[bool, doc("True if the cell's figures can be relied on.")]
    reasons: Annotated[list[Reason], doc("Why they can't; empty if they can.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What was measured of a cell."""

    offline: Annotated[Offline, doc("Throughput.")]
    single_stream: Annotated[SingleStream, doc("Latency of one image at a time.")]
    accuracy: Annotated[Accuracy, doc("Answers on the test split.")]
    validity: Annotated[Validity, doc("Whether these figures can be relied on.")]
    load_seconds: Annotated[
        Seconds, doc("Longest that an instance took to load its model, in seconds.")
    ]
    server: Annotated[
        Server | None, doc("Rate under a latency bound; null if no bound was given.")
    ] = None

    def runs(self, scenario: str) -> list[Run]:
        """Return the turns of a scenario, offline or single_stream."""
        return self.offline.runs if scenario == "offline" else self.single_stream.runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One precision at one isa: measured, the same as at a lower isa, or impossible."""

    precision: Annotated[PrecisionName, doc("What the model ran in.")]
    requested_isa: Annotated[IsaName, doc("Value of ONEDNN_MAX_CPU_ISA, which caps oneDNN.")]
    impossible: Annotated[str | None, doc("Why it was not run; null if it was.")] = None
    same_as: Annotated[
        IsaName | None,
        doc(
            "A lower isa at which the same ran, so that its figures are this cell's; null if there "
            "is none."
        ),
    ] = None
    measurement: Annotated[
        Measurement | None,
        doc("The figures; null if impossible, or if same_as names the cell that has them."),
    ] = None
    proof: Annotated[Proof | None, doc("What oneDNN's log says; null if impossible.")] = None
    roofline: Annotated[
        Roofline | None, doc("Where the time goes; null if there is no measurement.")
    ] = None

    @property
    def verdict(self) -> str:
        """Return how the cell ran, for its figures: a cell that has its own is no other's double.

        Empty if it did not run.
        """
        if self.same_as:
            return f"same-as {self.same_as}"
        if self.proof is None:
            return ""
        return "native" if self.proof.verdict.startswith("same-as") else self.proof.verdict
