"""compare.json."""

from dataclasses import dataclass

from stages.records.base import Host, Interval, Record, Source
from stages.records.profile import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A measured cell as compare shows it, with the effects that its figures allow.

    `precision_speedup` is throughput over FP32's at the same isa; `isa_speedup` is throughput
    over the same precision's at CompareRecord.isa_reference; both within the same runtime, paired
    by round. `server_per_s` is the highest rate within the latency bound. None where a reference
    is missing, or the server scenario was not asked for. `valid`, `reasons` and `agreement_fp32`
    are as the profile has them.
    """

    runtime: str
    precision: str
    isa: str
    verdict: str
    kernel: str
    valid: bool
    reasons: list[Reason]
    accuracy_top1: float
    accuracy_loss: float | None
    agreement_fp32: float | None
    throughput_images_per_s: Interval
    latency_p50_ms: Interval
    latency_p90_ms: float | None
    server_per_s: float | None
    precision_speedup: Interval | None
    isa_speedup: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """The ratio of a cell to itself, and whether the profile's run is to be trusted."""

    runtime: str
    precision: str
    isa: str
    offline_ratio: Interval
    single_stream_ratio: Interval
    trusted: bool
    reasons: list[Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """INT8 without VNNI: how many answers differ from those at `reference_isa`, which has it."""

    runtime: str
    isa: str
    reference_isa: str
    differing: int
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A cell's stages.records.profile.Roofline without its primitives.

    `best_over_fp32` is its best kernel's rate over that of FP32's best at the same isa.
    """

    runtime: str
    precision: str
    isa: str
    achieved_gops: float
    best_gops: float
    best_over_fp32: float | None
    limit: float | None
    at_best_rate: float
    slower_kernels: float
    pooling: float
    reorders: float
    other: float
    framework: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRun:
    """A cell that could not be measured, and why."""

    runtime: str
    precision: str
    isa: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRecord(Record):
    """compare.json: the rows of the table, and why the other cells could not run.

    `profile_sha256` and `versions`, of the packages, are by runtime; all else of the host is the
    same for all runtimes, and `host` is as the first's profile has it.
    """

    profile_sha256: dict[str, str]
    versions: dict[str, dict[str, str]]
    data: Source
    backbone: Source
    host: Host
    isa_reference: str
    rows: list[Row]
    repeats: list[Repeated]
    saturations: list[Saturation]
    limits: list[Limit]
    impossible: list[NotRun]
