"""What a worker answers and a record keeps: runs, traces, counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from stages.records.fields import (
    BatchSeconds,
    Count,
    Fraction,
    Milliseconds,
    PerSecond,
    Seconds,
    Size,
    TimeFraction,
    doc,
    doc_of_added,
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


Disturbance: TypeAlias = Literal["waiting", "steal", "throttled", "quota", "clock_step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interference:
    """What else a machine did during a turn, by the kernel's counters."""

    waiting: Annotated[
        TimeFraction | None,
        doc(
            "Fraction of the cores' time in which threads of the instances were ready and waited "
            "for a core, more than 1 if more threads than cores did at once; null if the kernel "
            "does not show it."
        ),
    ]
    switches: Annotated[
        Count | None,
        doc("How often those threads had to leave a core; null if the kernel does not show it."),
    ]
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
    quota_periods: Annotated[
        int,
        doc(
            "In how many periods the control group's CPU quota was used up, 0 if there is none; "
            "negative only if the kernel's counters went back."
        ),
    ]
    clock_step_s: Annotated[
        float,
        doc(
            "Seconds that the time of day moved beyond the time that passed; negative if set back."
        ),
    ]
    frequency_mhz: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        doc("Mean frequency of the cores at the end, in MHz; null if it is not shown."),
    ]
    others: Annotated[
        TimeFraction | None,
        doc_of_added(
            "Fraction of the cores' time that other processes took: what was neither idle, nor "
            "stolen, nor the instances' own; null if the kernel does not show it. Waiting counts "
            "as far as others ran."
        ),
    ] = None

    @property
    def waited_for_others(self) -> float:
        """The fraction of the cores' time in which threads waited, as far as others ran.

        A run's own threads make each other wait, too: of a small model, much. 0 if it is not shown.
        """
        waited = self.waiting or 0.0
        return waited if self.others is None else min(waited, self.others)

    @property
    def amounts(self) -> dict[Disturbance, float]:
        """How much there was of each kind: fractions, counts, or seconds, which may be negative.

        What is not shown counts as 0.
        """
        return {
            "waiting": self.waited_for_others,
            "steal": self.steal,
            "throttled": self.throttle_events,
            "quota": self.quota_periods,
            "clock_step": self.clock_step_s,
        }


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
    interference: Annotated[Interference, doc("What else the machine did meanwhile.")]
    disturbed_by: Annotated[
        list[Disturbance],
        doc(
            "Which counters of interference were beyond their bounds, so that the turn is left out "
            "where enough others are not; empty if none was. waiting: its processes waited for "
            "others; steal: the hypervisor took time; throttled: cores were slowed down for their "
            "heat; quota: the CPU quota was used up; clock_step: the time of day was set."
        ),
    ]
    counts: Annotated[bool, doc("True if the figures follow from this turn, among others.")]
    instances: Annotated[
        list[Batches],
        Meta(min_length=1),
        doc("What each instance did; one in a single stream."),
    ]

    @property
    def seconds(self) -> list[float]:
        """Those of each batch, of one instance after the other."""
        return [batch_s for instance in self.instances for batch_s in instance.seconds]


def counting(runs: Sequence[Run]) -> list[Run]:
    """Return the turns that count, one of each round, in the rounds' order."""
    return sorted((run for run in runs if run.counts), key=lambda run: run.round)


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
