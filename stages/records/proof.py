"""What a cell's proof run shows: oneDNN's log of it, and where the time of an inference goes."""

from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from msgspec import Meta

from stages.isa import ISA_NAMES
from stages.records.fields import (
    END,
    Count,
    Fraction,
    Milliseconds,
    Moment,
    Multiple,
    TimeFraction,
    doc,
    doc_of_added,
)
from stages.records.measure import AmxBusy, Primitive, Span

# The fields that compare shows, too.
Verdict: TypeAlias = Annotated[
    str,
    Meta(pattern=f"^(native|emulated|same-as ({'|'.join(ISA_NAMES)})){END}"),
    doc(
        "native; emulated: in a type that has no instructions at this isa; or same-as and a lower "
        "isa, at which primitive by primitive the same ran."
    ),
]
AchievedGops: TypeAlias = Annotated[
    float, Meta(ge=0), doc("10^9 operations per second over the whole of the timed runs.")
]
BestGops: TypeAlias = Annotated[
    float,
    Meta(ge=0),
    doc("10^9 operations per second of the fastest kernel in the proof run; 0 if none was timed."),
]
Limit: TypeAlias = Annotated[
    Multiple | None,
    doc(
        "Operations that the fastest kernel's instructions do in a cycle, as a multiple of FP32's; "
        "null if that is not known."
    ),
]
AtBestRate: TypeAlias = Annotated[
    TimeFraction,
    doc("Fraction of the inference's time that all multiplying would take at best_gops."),
]
SlowerKernels: TypeAlias = Annotated[
    float,
    doc("Fraction of the time that multiplying took beyond that, 0 or more but for rounding."),
]
Pooling: TypeAlias = Annotated[TimeFraction, doc("Fraction of the time that pooling took.")]
Reorders: TypeAlias = Annotated[
    TimeFraction, doc("Fraction of the time that conversions of type or layout took.")
]
Other: TypeAlias = Annotated[TimeFraction, doc("Fraction of the time of all other primitives.")]
Framework: TypeAlias = Annotated[
    float,
    Meta(le=1),
    doc("Fraction of the time in which no primitive ran; negative if some ran in parallel."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """One kind of kernel that multiplies matrices, in the proof run."""

    primitive: Annotated[str, doc("Its kind in oneDNN's words, such as convolution.")]
    implementation: Annotated[str, doc("Name of the kernel, such as brgconv:avx512_core_vnni.")]
    data_type: Annotated[str, doc("Type of its input in oneDNN's words, such as f32 or u8.")]
    share: Annotated[
        Fraction, doc("Fraction of the time of all kernels that multiply, from 0 to 1.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What oneDNN's own log says of a cell."""

    onednn_version: Annotated[str, doc("Version of oneDNN, with its commit.")]
    isa_header: Annotated[str, doc("The instruction set that oneDNN says it is capped at.")]
    verdict: Verdict
    kernels: Annotated[
        list[Kernel],
        Meta(min_length=1),
        doc("Convolutions, matmuls and inner products, the costliest first."),
    ]
    reference_share: Annotated[
        Fraction, doc("Fraction of all primitives' time that reference kernels took, from 0 to 1.")
    ]
    log: Annotated[str, doc("Name of the log in the folder proof.")]
    traced: Annotated[
        Span, doc("When one inference over a batch ran that is in the log: the fastest traced.")
    ]
    amx_busy: Annotated[AmxBusy, doc("How busy that inference kept AMX's tile unit.")]
    also_traced: Annotated[
        list[Span],
        doc_of_added(
            "When the same inference ran at other times; of each primitive the fastest counts."
        ),
    ] = field(default_factory=list)
    made: Annotated[
        Moment,
        doc("When it was traced, in UTC: before the rounds, perhaps by an earlier run."),
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofline:
    """What a cell achieves beside what its own best kernel does, and where its time goes.

    Operations are multiplications and additions; fractions are of the time of the inference in the
    proof run, the fastest of those traced.
    """

    operations_per_image: Annotated[Count, doc("Operations that one image takes.")]
    achieved_gops: AchievedGops
    best_gops: BestGops
    limit: Limit
    traced_ms: Annotated[
        Milliseconds, doc("How long the inference over a batch took in the proof run.")
    ]
    at_best_rate: AtBestRate
    slower_kernels: SlowerKernels
    pooling: Pooling
    reorders: Reorders
    other: Other
    framework: Framework
    primitives: Annotated[
        list[Primitive],
        doc("All primitives of the inference, in order, each as fast as in any that was traced."),
    ]
