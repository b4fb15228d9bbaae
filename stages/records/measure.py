"""What a worker answers and a record keeps: runs, traces, counts."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from msgspec import Meta

from stages.records.fields import (
    BatchSeconds,
    Count,
    Fraction,
    Milliseconds,
    PerSecond,
    Seconds,
    Size,
    doc,
)

# What OpenVINO calls nodes that multiply, and has in the names of AMX's kernels.
MULTIPLYING = frozenset({"Convolution", "Deconvolution", "FullyConnected", "MatMul"})
AMX_MARK = "_amx"
# Scaled up if the processor counted only for a part of the time, so no whole number.
Cycles: TypeAlias = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """What one instance did in a turn."""

    log: Annotated[str, doc("Folder of LoadGen's log within the folder loadgen.")]
    seconds: Annotated[BatchSeconds, doc("How long the model took for each batch, in seconds.")]
    ended_s: Annotated[
        list[Seconds],
        doc("When each batch ended: seconds on the monotonic clock, which all processes share."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A cell's turn in a round: one test of LoadGen by each of its instances."""

    round: Annotated[Size, doc("Number of the round, from 1.")]
    valid: Annotated[bool, doc("True if LoadGen calls the test of each instance valid.")]
    reasons: Annotated[list[str], doc("Why it is not valid, in LoadGen's words; empty if it is.")]
    rate_per_s: Annotated[
        PerSecond,
        doc(
            "LoadGen's figure: images per second offline, queries per second in a single stream. "
            "With several instances: images per second while all of them ran, 0 if they never did."
        ),
    ]
    overlap: Annotated[Fraction, doc("Fraction of the time in which all instances ran.")]
    steal: Annotated[
        float,
        doc(
            "Fraction of the cores' time that the hypervisor gave to others, from 0 to 1 unless "
            "the kernel's counters went back."
        ),
    ]
    throttle_events: Annotated[
        int,
        doc(
            "How often cores were slowed down for their heat, 0 if the machine does not show it; "
            "negative only if the kernel's counters went back."
        ),
    ]
    clock_step_s: Annotated[
        float,
        doc(
            "Seconds that the time of day moved beyond the time that passed; negative if set back."
        ),
    ]
    instances: Annotated[
        list[Batches],
        Meta(min_length=1),
        doc("What each instance did; one in a single stream."),
    ]

    @property
    def seconds(self) -> list[float]:
        """Those of each batch, of one instance after the other."""
        return [batch_s for instance in self.instances for batch_s in instance.seconds]


@dataclass(frozen=True, slots=True)
class NodeTime:
    """When one node of a graph ran."""

    name: Annotated[str, doc("Name of the node in the graph that the runtime made.")]
    start_ms: Annotated[Milliseconds, doc("Start, in milliseconds since the epoch.")]
    duration_ms: Annotated[Milliseconds, doc("How long it ran, in milliseconds.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeKernel:
    """What one node of a graph runs, as the runtime itself says."""

    name: Annotated[str, doc("Name of the node in the graph that the runtime made.")]
    kind: Annotated[str, doc("What it does, in the runtime's words, such as Convolution.")]
    kernel: Annotated[str, doc("Name of its kernel, such as brgconv_avx512_amx_I8.")]
    data_type: Annotated[str, doc("What it computes in, in the runtime's words, such as u8.")]

    @property
    def multiplies(self) -> bool:
        """Whether it multiplies matrices, by its kind in OpenVINO's words."""
        return self.kind in MULTIPLYING

    @property
    def on_amx(self) -> bool:
        """Whether its kernel is one of AMX's, by its name."""
        return AMX_MARK in self.kernel


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when, by the clock of oneDNN's log."""

    begin_ms: Annotated[Milliseconds, doc("Start, in milliseconds since the epoch.")]
    end_ms: Annotated[Milliseconds, doc("End, in milliseconds since the epoch.")]

    @property
    def milliseconds(self) -> float:
        """How long it is."""
        return self.end_ms - self.begin_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class AmxBusy:
    """How busy an inference kept AMX's tile unit, as the processor itself counts."""

    busy_cycles: Annotated[
        Cycles | None, doc("Cycles in which the tile unit worked; null if that was not counted.")
    ] = None
    cycles: Annotated[
        Cycles | None, doc("Cycles of the inference on all threads; null if that was not counted.")
    ] = None
    missing: Annotated[str, doc("Why nothing was counted; empty if it was.")] = ""

    @property
    def share(self) -> float | None:
        """The fraction of the cycles in which the tile unit worked, None if it is not known."""
        if self.busy_cycles is None or not self.cycles:
            return None
        return self.busy_cycles / self.cycles


@dataclass(frozen=True, slots=True, kw_only=True)
class Primitive:
    """One oneDNN primitive of one inference over a batch, under oneDNN's log."""

    primitive: Annotated[str, doc("Its kind in oneDNN's words, such as convolution or reorder.")]
    implementation: Annotated[str, doc("Name of the kernel, such as brgconv:avx512_core_vnni.")]
    source_type: Annotated[
        str,
        doc("Type of its input in oneDNN's words, such as f32, bf16 or u8; undef if not logged."),
    ]
    destination_type: Annotated[str, doc("Type of its output, in the same words.")]
    milliseconds: Annotated[
        Milliseconds, doc("How long it ran, in milliseconds; 0 if the log's line was cut short.")
    ]
    operations: Annotated[
        Count, doc("Multiplications and additions; 0 if it multiplies no matrices.")
    ]
    bytes_moved: Annotated[
        Count, doc("Bytes of activations read and written, without weights; 0 if not known.")
    ]
