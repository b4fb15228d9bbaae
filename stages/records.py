"""The schemas of the JSON artifacts, each with its version.

A field's unit is in its name. SCHEMA_VERSION goes up whenever a reader of an older file would
misread it; history: 1, first form.
"""

from dataclasses import dataclass, field

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Base of all records."""

    schema_version: int = SCHEMA_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where data or a backbone came from: its name, the sha256 of its content, its origin."""

    name: str
    sha256: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRecord(Record):
    """train.json: what was trained on what; accuracies are fractions, by split."""

    data: Source
    backbone: Source
    classes: list[str]
    samples: dict[str, int]
    accuracy_top1: dict[str, float]
    conv_layers: int
    head: dict[str, float]
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One quantization attempt: loss is relative to the FP32 top-1 on validation."""

    recipe: str
    accuracy_top1: float
    loss: float
    met: bool
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeRecord(Record):
    """quantize.json: every trial, the one kept, and the precision of every compute op in it."""

    train_sha256: str
    tolerable_loss: float
    calibration_samples: int
    fp32_accuracy_top1: float
    int8_accuracy_top1: float
    recipe: str
    trials: list[Trial]
    int8_ops: list[str]
    fp32_ops: list[str]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine a measurement ran on."""

    cpu_model: str
    cpu_flags: list[str]
    microcode: str
    kernel: str
    hypervisor: bool
    memory_gib: float
    cores_pinned: list[int]
    versions: dict[str, str]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A measured cell as compare shows it, with the effects that its figures allow.

    `precision_speedup` is throughput over FP32's at the same isa; `isa_speedup` is throughput
    over the same precision's at CompareRecord.isa_reference. None where the reference is missing.
    """

    precision: str
    isa: str
    verdict: str
    kernel: str
    accuracy_top1: float
    accuracy_loss: float | None
    throughput_images_per_s: float
    latency_p50_ms: float
    latency_p90_ms: float | None
    precision_speedup: float | None
    isa_speedup: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRecord(Record):
    """compare.json: the rows of the table, and why the other cells could not run."""

    profile_sha256: str
    data: Source
    backbone: Source
    host: Host
    isa_reference: str
    rows: list[Row]
    impossible: dict[str, str]
