"""compare.json."""

from dataclasses import dataclass

from stages.records.base import Host, Record, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A measured cell as compare shows it, with the effects that its figures allow.

    `precision_speedup` is throughput over FP32's at the same isa; `isa_speedup` is throughput
    over the same precision's at CompareRecord.isa_reference; both within the same runtime. None
    where the reference is missing.
    """

    runtime: str
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
    impossible: list[NotRun]
