"""measurements.json, 32.json and 8.json."""

from dataclasses import dataclass, field

from stages.records.base import Host, Interval, Record, Source
from stages.records.measure import AmxBusy, Primitive, Run, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a cell's offline work is shared: processes, and the cores that each has to itself.

    In a single stream, one of them works alone.
    """

    num_instances: int
    cores_per_instance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutTrial:
    """The throughput of a layout, if several were tried to find the best: the median run."""

    layout: Layout
    throughput_images_per_s: Interval
    overlap: float
    runs: list[Run]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """Throughput: batches of `batch_size`, all images known beforehand; the median round."""

    batch_size: int
    throughput_images_per_s: Interval
    runs: list[Run]


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStream:
    """Latency: one image at a time; a percentile is None with too few queries.

    The interval is of the rounds' medians, the percentiles are of all queries of all rounds.
    """

    queries: int
    latency_p50_ms: Interval
    latency_p90_ms: float | None
    latency_p99_ms: float | None
    runs: list[Run]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTest:
    """One test of the server scenario: queries that come at random, `target_per_s` on average.

    `valid` and `reasons` are LoadGen's; `latency_ms` is that at the percentile asked about.
    """

    target_per_s: float
    valid: bool
    reasons: list[str]
    completed_per_s: float
    latency_ms: float
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The highest rate at which `percentile` (0 to 1) of the latencies is within the bound.

    `rate_per_s` is 0 where no rate that was tried is low enough. `tests` are all that were made.
    """

    latency_bound_ms: float
    percentile: float
    rate_per_s: float
    tests: list[ServerTest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """What the cell answered on the test split, in a test of its own.

    `predictions` are class indices. `agreement_fp32` is the share of images to which FP32 at the
    highest isa measured gives the same class, None where it was not measured.
    """

    top1: float
    predictions: list[int]
    agreement_fp32: float | None
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a figure can't be relied on, as data.

    `scenario` is the one whose runs it is about, empty if it is about the whole run; `numbers` are
    those that led to it, by name; `text` is LoadGen's own, if the reason is LoadGen's.
    """

    kind: str
    scenario: str = ""
    numbers: dict[str, float] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """Whether a cell's figures can be relied on; if not, why."""

    valid: bool
    reasons: list[Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What was measured of a cell."""

    offline: Offline
    single_stream: SingleStream
    accuracy: Accuracy
    validity: Validity
    load_seconds: float
    server: Server | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """Time that one kind of kernel took in the proof run, as a share of its group."""

    primitive: str
    implementation: str
    data_type: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What oneDNN's own log says of a cell.

    `kernels` are the convolutions, matmuls and inner products; `reference_share` is the part of
    all primitives' time that ran in reference kernels. `log` is its file, in which `traced` is one
    inference over a batch, of which `amx_busy` tells, too.
    """

    onednn_version: str
    isa_header: str
    verdict: str
    kernels: list[Kernel]
    reference_share: float
    log: str
    traced: Span
    amx_busy: AmxBusy


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofline:
    """What a cell achieves beside what its own best kernel does, and where its time goes.

    `achieved_gops` are 10^9 operations per second over the whole of the timed runs, `best_gops`
    those of the fastest kernel in the proof run, `limit` how many times FP32's arithmetic the
    kernel's instructions can do, None where that is not known. The rest are shares of the time of
    the inference in the proof run, which took `traced_ms`: what all multiplying would take at the
    best rate, what it took beyond that, pooling, reorders, other primitives, and what no primitive
    accounts for.
    """

    operations_per_image: int
    achieved_gops: float
    best_gops: float
    limit: float | None
    traced_ms: float
    at_best_rate: float
    slower_kernels: float
    pooling: float
    reorders: float
    other: float
    framework: float
    primitives: list[Primitive]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One precision at one isa: measured with its proof, or impossible with the reason.

    Where `same_as` names a lower isa, primitive by primitive the same ran as there, so that its
    figures are those of that cell, and were not measured again.
    """

    precision: str
    requested_isa: str
    impossible: str | None = None
    same_as: str | None = None
    measurement: Measurement | None = None
    proof: Proof | None = None
    roofline: Roofline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """The A/A cell: a cell measured twice in the same rounds, which tells what noise looks like.

    The ratios are the second's rate over the first's; where an interval does not contain 1, or is
    too wide, the run is not `trusted`, and `reasons` say so.
    """

    precision: str
    isa: str
    offline_ratio: Interval
    single_stream_ratio: Interval
    trusted: bool
    reasons: list[Reason]
    measurement: Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRecord(Record):
    """measurements.json: every cell with its raw samples; `labels` are the test split's."""

    runtime: str
    train_sha256: str
    quantize_sha256: str
    data: Source
    backbone: Source
    host: Host
    strict: bool
    labels: list[int]
    layout: Layout
    tried: list[LayoutTrial]
    cells: list[Cell]
    repeat: Repeat
    seconds: float

    def measured_cell(self, cell: Cell) -> Cell:
        """Return one of `cells`, or the one that it is the same as, whose figures are its own."""
        isa = cell.same_as or cell.requested_isa
        found = (
            each
            for each in self.cells
            if (each.precision, each.requested_isa) == (cell.precision, isa)
        )
        return next(found, cell)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary(Record):
    """32.json and 8.json: one precision at the highest isa the host ran, on the test split."""

    precision: str
    isa: str
    accuracy: float
    throughput: float
    latency: float
    units: dict[str, str] = field(
        default_factory=lambda: {
            "accuracy": "top-1, fraction",
            "throughput": "images/s, offline",
            "latency": "ms, single-stream median",
        }
    )
