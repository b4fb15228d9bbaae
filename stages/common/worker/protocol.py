"""What a worker can be asked and what it answers: one line of JSON for each message."""

from dataclasses import dataclass, field
from types import TracebackType
from typing import Annotated, Any, Protocol, TypeVar

import msgspec
from msgspec import Meta

from stages.common.host.memory import Footprint
from stages.records.fields import (
    ClassIndex,
    Core,
    Count,
    Fraction,
    PerSecond,
    PrecisionName,
    Prediction,
    Scenario,
    Seconds,
    Size,
    doc,
)
from stages.records.measure import AmxBusy, NodeKernel, NodeTime

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The model that a worker holds."""

    name: Annotated[str, doc("What messages call it.")]
    backend: Annotated[str, doc("What runs it: a module of stages.common.backends.")]
    model: Annotated[str, doc("Path of the model.")]
    precision: Annotated[PrecisionName, doc("What it runs in.")]
    images: Annotated[str, doc("Path of the .npz file of the split that it is asked about.")]
    cores: Annotated[list[Core], doc("Logical CPUs that it must find itself on, sorted.")]


class Warm(msgspec.Struct, tag="warm", frozen=True):
    """Classify some batches as a warm-up; the answer is Warmed."""

    batch_size: Annotated[Size, doc("Images per batch.")]


class LoadgenTest(msgspec.Struct, tag="load", frozen=True, kw_only=True):
    """Run one test of LoadGen without a warm-up; the answer is a LoadgenAnswer."""

    scenario: Annotated[
        Scenario,
        doc(
            "offline: all images are known beforehand; single_stream: one image after the other; "
            "server: images come at random."
        ),
    ]
    folder: Annotated[str, doc("Path of the folder in which LoadGen leaves its logs.")] = ""
    batch_size: Annotated[Size, doc("Most images per batch.")] = 1
    min_duration_s: Annotated[Seconds, doc("Shortest that the test may be, in seconds.")] = 0.0
    min_queries: Annotated[Size, doc("Fewest queries; offline, fewest images.")] = 1
    percentile: Annotated[
        Fraction,
        doc(
            "Percentile of the latencies, from 0 to 1: single_stream lasts until it is known; "
            "server needs it to be within the bound."
        ),
    ] = 0.5
    accuracy: Annotated[
        bool, doc("True to classify each image of the split once instead, and time nothing.")
    ] = False
    seed: Annotated[Count, doc("Seed of LoadGen's dice.")] = 0
    start_at_s: Annotated[
        Seconds,
        doc("When to begin: seconds on the monotonic clock, which all processes share; 0: now."),
    ] = 0.0
    target_per_s: Annotated[
        PerSecond, doc("Images per second on average in the server scenario, else 0.")
    ] = 0.0
    expected_per_s: Annotated[
        PerSecond,
        doc("About as many images per second may come out in the single-stream scenario, else 0."),
    ] = 0.0
    latency_bound_s: Annotated[
        Seconds, doc("Latency bound of the server scenario in seconds, else 0.")
    ] = 0.0


class Answer(msgspec.Struct, tag="answer", frozen=True):
    """Classify these images of the split at once; the answer is Classes."""

    indices: Annotated[list[Count], doc("Places of the images in the split, from 0.")]


class Turn(msgspec.Struct, tag="turn", frozen=True):
    """Time batches for a while, after a warm-up; the answer is a TurnAnswer."""

    batch_size: Annotated[Size, doc("Images per batch.")]
    min_duration_s: Annotated[
        Seconds, doc("Shortest that all batches may take together, in seconds.")
    ]


class Classify(msgspec.Struct, tag="classify", frozen=True):
    """Classify the whole split; the answer is a ClassifyAnswer."""

    batch_size: Annotated[Size, doc("Most images per batch.")]


class Trace(msgspec.Struct, tag="trace", frozen=True):
    """Classify one batch and note when each node ran; the answer is a TraceAnswer."""

    batch_size: Annotated[Size, doc("Images in the batch.")]


Request = Warm | LoadgenTest | Answer | Turn | Classify | Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The first line of a worker: the model is loaded and has classified one image."""

    cores: Annotated[list[Core], doc("Logical CPUs that it found itself on, sorted.")]
    load_seconds: Annotated[Seconds, doc("How long loading took, in seconds.")]
    versions: Annotated[
        dict[str, str], doc("Versions of Python and of the packages that run models, by name.")
    ]


class Refusal(msgspec.Struct, tag="refusal", frozen=True):
    """In place of any answer: why there is none."""

    exit_code: Annotated[int, Meta(ge=1, le=255), doc("Kind of the StageError.")]
    message: Annotated[str, doc("Its message: cause and remedy, in one line.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmed:
    """The warm-up is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadgenAnswer:
    """What LoadGen says of one test."""

    valid: Annotated[bool, doc("True if LoadGen calls the test valid.")]
    reasons: Annotated[list[str], doc("Why it is not valid, in LoadGen's words; empty if it is.")]
    rate_per_s: Annotated[
        PerSecond,
        doc(
            "LoadGen's figure: images per second offline, queries per second in a single stream; 0 "
            "in an accuracy test."
        ),
    ]
    seconds: Annotated[list[Seconds], doc("How long the model took for each batch, in seconds.")]
    ended_s: Annotated[
        list[Seconds], doc("When each batch ended, in seconds on the monotonic clock.")
    ]
    predictions: Annotated[
        list[Prediction],
        doc(
            "In an accuracy test, the class index of each image, -1 if LoadGen did not ask for it; "
            "else empty."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The classes of the images asked for."""

    classes: Annotated[list[ClassIndex], doc("Class index of each, in the order asked for.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAnswer:
    """How long the batches of a turn took."""

    batch_seconds: Annotated[list[Seconds], doc("Seconds of each batch.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifyAnswer:
    """What the model says of every image."""

    probabilities: Annotated[
        list[list[float]],
        doc("By image, the probability of each class, from 0 to 1 but for rounding."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceAnswer:
    """What happened while a batch was classified."""

    nodes: Annotated[
        list[NodeTime], doc("When each node of the graph ran; empty if the backend can't say.")
    ]
    amx_busy: Annotated[AmxBusy, doc("How busy the batch kept AMX's tile unit.")]
    kernels: Annotated[
        list[NodeKernel],
        doc("What each node runs for such a batch; empty if the backend can't say."),
    ] = field(default_factory=list)


class Asked(Protocol):
    """What answers requests about a model."""

    def ask(self, request: Any, answer: type[AnswerT], lasting_s: float = 0.0) -> AnswerT:
        """Send a request and return the answer; the work is meant to take `lasting_s` seconds."""
        ...


class Worker(Asked, Protocol):
    """A process that holds a model and answers requests; as a context, it runs within it."""

    @property
    def process(self) -> int:
        """The ID of its process."""
        ...

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

    def wait(self) -> Ready:
        """Wait until it has loaded its model, and return what it then reported."""
        ...

    def send(self, request: Any) -> None:
        """Send a request, whose answer is to be received before the next is sent."""
        ...

    def receive(self, answer: type[AnswerT], lasting_s: float = 0.0) -> AnswerT:
        """Return the answer to what was sent, as `ask` does."""
        ...

    def footprint(self) -> Footprint:
        """Return how much memory it takes, and took at most."""
        ...
