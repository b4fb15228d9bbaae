"""What a worker can be asked and what it answers: one line of JSON for each message."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, TypeVar

import msgspec

from stages.records.measure import AmxBusy, NodeTime

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The model that a worker holds.

    `backend` names what runs it, a module of stages.common.backends; `images` is the .npz file of
    the split it is asked about; `cores` are those it must find itself on.
    """

    name: str
    backend: str
    model: str
    precision: str
    images: str
    cores: list[int]


class Warm(msgspec.Struct, tag="warm", frozen=True):
    """Classify some batches, so that what follows finds all as it will be; the answer is Warmed."""

    batch_size: int


class LoadgenTest(msgspec.Struct, tag="load", frozen=True, kw_only=True):
    """Run one test of LoadGen, as it is, without a warm-up; the answer is a LoadgenAnswer.

    `scenario` is one of loadgen.SCENARIOS, `folder` is where LoadGen leaves its
    logs. At least `min_queries` are run, for at least `min_duration_s`: of offline, images, all
    known beforehand, `batch_size` at a time; of single_stream, one image after the other, enough
    for the latency at `percentile` (0 to 1) to be known; of server, images that come at random,
    `target_per_s` on average, of which `percentile` must be answered within `latency_bound_s`.
    With `accuracy` each image of the split is classified once instead, and nothing is timed. It
    begins when the monotonic clock, which all processes share, shows `start_at_s`.
    """

    scenario: str
    folder: str = ""
    batch_size: int = 1
    min_duration_s: float = 0.0
    min_queries: int = 1
    percentile: float = 0.5
    accuracy: bool = False
    seed: int = 0
    start_at_s: float = 0.0
    target_per_s: float = 0.0
    latency_bound_s: float = 0.0


class Answer(msgspec.Struct, tag="answer", frozen=True):
    """Classify these images of the split at once; the answer is Classes."""

    indices: list[int]


class Turn(msgspec.Struct, tag="turn", frozen=True):
    """Time batches for a while, after a warm-up; the answer is a TurnAnswer."""

    batch_size: int
    min_duration_s: float


class Classify(msgspec.Struct, tag="classify", frozen=True):
    """Classify the whole split; the answer is a ClassifyAnswer."""

    batch_size: int


class Trace(msgspec.Struct, tag="trace", frozen=True):
    """Classify one batch, telling when each node ran; the answer is a TraceAnswer."""

    batch_size: int


Request = Warm | LoadgenTest | Answer | Turn | Classify | Trace


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
class Warmed:
    """All is warm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadgenAnswer:
    """What LoadGen says of one test.

    `reasons` tell why it is not valid. `rate_per_s` is LoadGen's own figure: images per second
    offline, queries per second in a single stream. `seconds` are those of each batch as the model
    took them, `ended_s` what the monotonic clock showed after each; `predictions`, of an accuracy
    test, are class indices by image.
    """

    valid: bool
    reasons: list[str]
    rate_per_s: float
    seconds: list[float]
    ended_s: list[float]
    predictions: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Class indices in the order asked for."""

    classes: list[int]


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
    """When each node of the graph ran, and how busy the batch kept AMX's tile unit."""

    nodes: list[NodeTime]
    amx_busy: AmxBusy


class Worker(Protocol):
    """A process that holds a model and answers requests; as a context, it runs within it."""

    @property
    def ready(self) -> Ready:
        """What the worker reported when it had loaded its model, which this waits for."""
        ...

    def __enter__(self) -> Any:
        """Start it."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        ...

    def ask(self, request: Any, answer: type[AnswerT], lasting_s: float = 0.0) -> AnswerT:
        """Send a request and return the answer; the work is meant to take `lasting_s` seconds."""
        ...

    def send(self, request: Any) -> None:
        """Send a request, whose answer is to be received before the next is sent."""
        ...

    def receive(self, answer: type[AnswerT], lasting_s: float = 0.0) -> AnswerT:
        """Return the answer to what was sent, as `ask` does."""
        ...

    def peak_bytes(self) -> int:
        """Return the worker's peak memory so far, in bytes."""
        ...
