"""measurements.json, 32.json and 8.json."""

from dataclasses import dataclass, field

from stages.records.base import Host, Record, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Offline:
    """Throughput scenario: batches over the test split; `batch_seconds` are the raw samples."""

    batch_size: int
    images: int
    throughput_images_per_s: float
    batch_seconds: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStream:
    """Latency scenario: one image at a time; a percentile is None with too few queries."""

    queries: int
    latency_p50_ms: float
    latency_p90_ms: float | None
    latency_p99_ms: float | None
    query_seconds: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one measuring process returns; `predictions` are class indices on the test split."""

    offline: Offline
    single_stream: SingleStream
    accuracy_top1: float
    predictions: list[int]
    load_seconds: float


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
    all primitives' time that ran in reference kernels.
    """

    onednn_version: str
    isa_header: str
    effective_isa: str
    verdict: str
    kernels: list[Kernel]
    reference_share: float
    log: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One precision at one isa: measured with its proof, or impossible with the reason."""

    precision: str
    requested_isa: str
    impossible: str | None = None
    measurement: Measurement | None = None
    proof: Proof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRecord(Record):
    """measurements.json: every cell with its raw samples."""

    runtime: str
    train_sha256: str
    quantize_sha256: str
    data: Source
    backbone: Source
    host: Host
    cells: list[Cell]
    seconds: float


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
