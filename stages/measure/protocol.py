"""What a worker can be asked, and what it answers: lines of JSON, one for each."""

from dataclasses import dataclass

import msgspec

from stages.records.profile import Offline
from stages.runtime import NodeTime

BF16_PRECISIONS = ("bf16", "int8_bf16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The model that a worker holds.

    `backend` names what runs it (stages.measure.backends), `images` is the .npz file of the
    split it is asked about, `cores` are those it must find itself on.
    """

    name: str
    backend: str
    model: str
    precision: str
    images: str
    cores: list[int]


class Throughput(msgspec.Struct, tag="throughput", frozen=True):
    """Count throughput; the answer is an OfflineAnswer."""

    batch_size: int
    min_duration_s: float


class Latency(msgspec.Struct, tag="latency", frozen=True):
    """Time one image after the other; the answer is a SingleStream."""

    min_duration_s: float
    min_queries: int


class Turn(msgspec.Struct, tag="turn", frozen=True):
    """Time batches for a while, after a warm-up; the answer is a TurnAnswer."""

    batch_size: int
    min_duration_s: float


class Classify(msgspec.Struct, tag="classify", frozen=True):
    """Classify the whole split, or that in the file `images`; the answer is a ClassifyAnswer."""

    batch_size: int
    images: str = ""


class Trace(msgspec.Struct, tag="trace", frozen=True):
    """Classify one batch, telling when each node ran; the answer is a TraceAnswer."""

    batch_size: int


Request = Throughput | Latency | Turn | Classify | Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The first line of a worker: the model is loaded and has classified one image."""

    cores: list[int]
    load_seconds: float
    versions: dict[str, str]


class Refusal(msgspec.Struct, tag="refusal", frozen=True):
    """In place of any answer: a StageError, by its exit code, and its message."""

    exit_code: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineAnswer:
    """A throughput, with the predictions of the first pass: those timed are those scored."""

    offline: Offline
    predictions: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAnswer:
    """Seconds of each batch."""

    batch_seconds: list[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifyAnswer:
    """The probabilities of every image, [images, classes]."""

    probabilities: list[list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceAnswer:
    """When each node of the graph ran."""

    nodes: list[NodeTime]
