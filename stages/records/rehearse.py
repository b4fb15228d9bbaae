"""rehearsal.json: what AMX's cells do under an emulator of its instructions. No time is in it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from msgspec import Meta

from stages.records.base import Host, Record, Source
from stages.records.fields import (
    ClassIndex,
    Count,
    Fraction,
    IsaName,
    Multiple,
    PeerName,
    PrecisionName,
    RuntimeName,
    Sha256,
    Size,
    doc,
    doc_of_added,
)
from stages.records.measure import NodeKernel

# What every text about a rehearsal says, so that nobody takes it for a measurement.
REHEARSED = "rehearsed under emulation, not measured"
# emulator/version.h; another version may count or multiply in another way.
EMULATOR_VERSION = "1.0.0"

if TYPE_CHECKING:
    Kind: TypeAlias = str
else:
    Kind = Literal[REHEARSED]

Bound: TypeAlias = Annotated[
    Multiple | None,
    doc(
        "No measurement: AMX at most, as a multiple of vectors at their full rate on the same "
        "processor, by counted instructions and Intel's manual, with all data in the first cache "
        "and at the same clock; vectors that fall short of that rate leave more. Null if not known."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """The library that executed AMX's instructions."""

    version: Annotated[str, doc("The version that the library names.")]
    sha256: Annotated[Sha256, doc("sha256 of the library.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """What a layer did with AMX's tiles, as the emulator counted; for one batch."""

    products: Annotated[Count, doc("Instructions that multiply two tiles.")]
    loads: Annotated[Count, doc("Instructions that load a tile.")]
    stores: Annotated[Count, doc("Instructions that store a tile.")]
    useful: Annotated[
        Count, doc("Multiply-accumulates on configured rows, columns and depths, padding included.")
    ]
    possible: Annotated[Count, doc("Multiply-accumulates of as many products of full tiles.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedLayer:
    """A primitive that multiplies, with AMX and without."""

    op: Annotated[
        str, doc("Op of the model's graph, by quantize.json; empty if that shows another order.")
    ]
    primitive: Annotated[str, doc("Its kind in oneDNN's words, such as convolution.")]
    problem: Annotated[str, doc("Its dimensions, as oneDNN writes them.")]
    source_type: Annotated[str, doc("Type of its input with AMX, such as u8, bf16 or f32.")]
    kernel: Annotated[str, doc("Name of the kernel with AMX.")]
    kernel_without: Annotated[
        str, doc("Name of the kernel without AMX; empty if other primitives ran there.")
    ]
    on_amx: Annotated[bool, doc("True if the kernel is one of AMX's.")]
    why_not: Annotated[
        str, doc("Why the kernel is none of AMX's, as far as known; empty if it is one.")
    ]
    operations: Annotated[Count, doc("Multiplications and additions for one batch.")]
    tiles: Annotated[Tiles | None, doc("What it did with tiles; null if it used none.")]
    bound: Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Primitives of one kind that multiply nothing, which AMX has no instructions for."""

    primitive: Annotated[str, doc("Their kind in oneDNN's words, such as pooling.")]
    count: Annotated[Size, doc("How many of them ran for a batch.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A cell with or without AMX: what its log and its answers show."""

    isa: Annotated[IsaName, doc("Value of ONEDNN_MAX_CPU_ISA, which caps oneDNN.")]
    log: Annotated[str, doc("Name of oneDNN's log in the folder proof, without times.")]
    onednn_version: Annotated[str, doc("Version of oneDNN, with its commit.")]
    isa_header: Annotated[str, doc("The instruction set that oneDNN says it is capped at.")]
    probabilities: Annotated[
        list[list[float]], doc("By image, the probability of each class, in FP32.")
    ]
    accuracy_top1: Annotated[Fraction, doc("Top-1 on these images, a fraction from 0 to 1.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The answers with AMX beside those without."""

    equal: Annotated[Count, doc("Images whose probabilities are the same, bit for bit.")]
    differing: Annotated[Count, doc("Images that get another class.")]
    agreement: Annotated[Fraction, doc("Fraction of the images that get the same class.")]
    largest_difference: Annotated[
        float, Meta(ge=0), doc("Largest absolute difference of a probability, from 0 to 1.")
    ]
    largest_bf16_steps: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        doc(
            "Largest difference of a probability in steps of BF16, the distance of two neighbours "
            "of that type at the larger of both; most often of a tiny probability, and not of that "
            "of largest_difference. Null where nothing is in BF16."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedCell:
    """A precision with AMX under emulation, beside the same without AMX, which ran natively."""

    runtime: Annotated[RuntimeName, doc("Which TensorFlow ran both.")]
    precision: Annotated[PrecisionName, doc("What the model ran in.")]
    versions: Annotated[
        dict[str, str], doc("Versions of Python and of the packages that ran the model, by name.")
    ]
    with_amx: Annotated[Side, doc("Under emulation.")]
    without: Annotated[Side, doc("On this CPU's own instructions.")]
    answers: Annotated[Answers, doc("How far both agree.")]
    layers: Annotated[
        list[RehearsedLayer], Meta(min_length=1), doc("Primitives that multiply, in order.")
    ]
    others: Annotated[list[Others], doc("The other primitives, by their kind.")]
    bound: Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSide:
    """A peer's model with or without AMX."""

    kernels: Annotated[
        list[NodeKernel],
        doc("What each node ran for a batch, as the peer says; empty if it does not."),
    ]
    probabilities: Annotated[
        list[list[float]], doc("By image, the probability of each class, in FP32.")
    ]
    accuracy_top1: Annotated[Fraction, doc("Top-1 on these images, a fraction from 0 to 1.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedPeer:
    """A peer's model with AMX under emulation, beside the same without AMX; neither is capped."""

    backend: Annotated[PeerName, doc("The peer.")]
    precision: Annotated[PrecisionName, doc("What the model ran in.")]
    versions: Annotated[
        dict[str, str], doc("Versions of Python and of the packages that ran the model, by name.")
    ]
    with_amx: Annotated[PeerSide, doc("Under emulation.")]
    without: Annotated[PeerSide, doc("On this CPU's own instructions.")]
    answers: Annotated[Answers, doc("How far both agree.")]
    images: Annotated[
        Size, doc("Images that it classified under emulation; one that came twice counts twice.")
    ]
    operations: Annotated[
        Count, doc("Multiplications and additions of the network for an image, by quantize.json.")
    ]
    tiles: Annotated[Tiles, doc("What it did with tiles for all of them.")]
    share: Annotated[
        Fraction | None,
        doc(
            "The most of the network's multiplications that tiles can have done, from 0 to 1: "
            "padding in tiles counts as work; null if the network's are not known."
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A cell that was not rehearsed."""

    runtime: Annotated[str, doc("Which TensorFlow it is about, or which peer.")]
    precision: Annotated[PrecisionName, doc("Its precision.")]
    reason: Annotated[str, doc("Why.")]
    may_pass: Annotated[
        bool,
        doc("True if memory or time ran out, or another ended it: next time it is tried."),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRecord(Record):
    """rehearsal.json: AMX's cells, rehearsed under emulation on a CPU without it, not measured."""

    kind: Annotated[Kind, doc("What this record is: always the same words.")]
    emulator: Annotated[Emulator, doc("What executed AMX's instructions.")]
    host: Annotated[Host, doc("The machine, whose CPU has no AMX.")]
    train_sha256: Annotated[Sha256, doc("sha256 of the SHA256SUMS of the train folder used.")]
    quantize_sha256: Annotated[
        dict[RuntimeName, Sha256],
        doc("sha256 of the SHA256SUMS of each quantize folder used, by runtime."),
    ]
    data: Annotated[Source, doc("Where the images came from.")]
    backbone: Annotated[Source, doc("Where the frozen layers came from.")]
    batch_size: Annotated[Size, doc("Images per batch.")]
    test_images: Annotated[Size, doc("Images of the test split; the first are taken.")]
    labels: Annotated[
        list[ClassIndex], Meta(min_length=1), doc("True class index of each image taken.")
    ]
    cells: Annotated[list[RehearsedCell], Meta(min_length=1), doc("What was rehearsed.")]
    left_out: Annotated[list[LeftOut], doc("What was not, with the reason.")]
    peers_sha256: Annotated[
        Sha256 | None,
        doc_of_added(
            "sha256 of the SHA256SUMS of the peers folder used; null if it was of no use."
        ),
    ] = None
    peers: Annotated[
        list[RehearsedPeer], doc_of_added("What was rehearsed of the peers, if anything.")
    ] = field(default_factory=list)
