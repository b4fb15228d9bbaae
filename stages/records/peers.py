"""peers.json: our models and the peers' on the same cores, batch sizes and images."""

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from stages.records.base import MeasuredRecord
from stages.records.fields import (
    ClassIndex,
    Fraction,
    Milliseconds,
    Multiple,
    PerSecond,
    PrecisionName,
    RoundsOfBatches,
    RuntimeName,
    Seconds,
    Sha256,
    Size,
    doc,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A contender's speed at one batch size."""

    batch_size: Annotated[Size, doc("Images per batch.")]
    throughput_images_per_s: Annotated[
        PerSecond, doc("Images per second, by the median of the rounds' median batches.")
    ]
    latency_p50_ms: Annotated[
        Milliseconds | None,
        doc("Median of all batches, in milliseconds; null if the batch size is not 1."),
    ]
    batch_seconds: Annotated[
        RoundsOfBatches, Meta(min_length=1), doc("Seconds of each batch, by round.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A backend at a precision, measured or missing."""

    backend: Annotated[str, doc("A runtime of ours, or a peer: openvino or onnxruntime.")]
    precision: Annotated[PrecisionName, doc("What the model ran in.")]
    missing: Annotated[str | None, doc("Why it was not measured; null if it was.")] = None
    versions: Annotated[
        dict[str, str],
        doc("Versions of Python and of the packages in its own process, by name."),
    ] = field(default_factory=dict)
    accuracy_top1: Annotated[
        Fraction | None,
        doc("Top-1 on the test split, a fraction from 0 to 1; null if it was not measured."),
    ] = None
    predictions: Annotated[
        list[ClassIndex], doc("Class index that it gives each image of the test split.")
    ] = field(default_factory=list)
    figures: Annotated[list[Figures], doc("Its speed at each batch size.")] = field(
        default_factory=list
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How many times as fast as a peer one of ours is, with the range of the rounds."""

    backend: Annotated[RuntimeName, doc("Our runtime.")]
    precision: Annotated[PrecisionName, doc("What our model ran in.")]
    peer: Annotated[str, doc("The peer: openvino or onnxruntime.")]
    peer_precision: Annotated[PrecisionName, doc("What the peer's model ran in.")]
    batch_size: Annotated[Size, doc("Images per batch.")]
    median: Annotated[Multiple, doc("Our throughput over the peer's; above 1 if ours is faster.")]
    lowest: Annotated[Multiple, doc("The same in the round in which it is lowest.")]
    highest: Annotated[Multiple, doc("The same in the round in which it is highest.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeersRecord(MeasuredRecord):
    """peers.json: our models and the peers' in turns on the same cores."""

    quantize_sha256: Annotated[
        dict[RuntimeName, Sha256],
        doc("sha256 of the SHA256SUMS of each quantize folder used, by runtime."),
    ]
    tools: Annotated[
        dict[str, str], doc("Versions of the packages that made the peers' models, by name.")
    ]
    calibration_samples: Annotated[Size, doc("Images that the peers' INT8 was calibrated with.")]
    rounds: Annotated[Size, doc("Turns that each contender took at each batch size.")]
    round_duration_s: Annotated[Seconds, doc("Shortest that a turn could be, in seconds.")]
    contenders: Annotated[list[Contender], doc("Every contender, ours first.")]
    ratios: Annotated[list[Ratio], doc("Each of ours beside each peer, if both were measured.")]
