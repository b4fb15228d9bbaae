"""peers.json: our models and the peers' on the same cores, batch sizes and images."""

from dataclasses import dataclass, field

from stages.records.base import Host, Record, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A contender's speed at one batch size.

    `batch_seconds` are all samples, by round. The throughput comes from the median of the
    rounds' medians; `latency_p50_ms` is the median of all samples, at batch size 1 alone.
    """

    batch_size: int
    throughput_images_per_s: float
    latency_p50_ms: float | None
    batch_seconds: list[list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A backend at a precision: measured, or `missing` with the reason.

    `versions` are those of its own process; `predictions` are class indices on the test split, of
    which `accuracy_top1` is.
    """

    backend: str
    precision: str
    missing: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    accuracy_top1: float | None = None
    predictions: list[int] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times as fast as a peer one of ours is, from rounds compared pair by pair."""

    backend: str
    precision: str
    peer: str
    peer_precision: str
    batch_size: int
    median: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeersRecord(Record):
    """peers.json.

    `quantize_sha256` is kept by runtime; `tools` are the versions of what made the peers' models,
    `labels` those of the test split.
    """

    train_sha256: str
    quantize_sha256: dict[str, str]
    data: Source
    backbone: Source
    host: Host
    tools: dict[str, str]
    calibration_samples: int
    rounds: int
    round_duration_s: float
    labels: list[int]
    contenders: list[Contender]
    ratios: list[Ratio]
    seconds: float
