"""quantize.json: every trial, what was chosen, and what each variant runs, layer by layer."""

from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from stages.records.accuracy import Chance
from stages.records.base import Host, Record
from stages.records.fields import (
    END,
    ClassIndex,
    Count,
    Fraction,
    Loss,
    Multiple,
    PerSecond,
    PrecisionName,
    RoundsOfBatches,
    RuntimeName,
    Seconds,
    Sha256,
    Size,
    TimeFraction,
    doc,
    doc_of_added,
)
from stages.records.measure import Primitive

FindingKind: TypeAlias = Literal["reference_kernel", "int8_fallback", "fp32_compute", "reorder"]
# What trials and variants have, on the validation split.
Top1: TypeAlias = Annotated[Fraction | None, doc("Top-1 on validation, a fraction from 0 to 1.")]
LossOfTop1: TypeAlias = Annotated[
    Loss | None,
    doc(
        "Top-1 lost relative to FP32's, at most 1; negative if it is better than FP32; null, "
        "as it is undefined, if FP32 is never right."
    ),
]
Agreement: TypeAlias = Annotated[
    Fraction | None,
    doc_of_added(
        "Fraction of the validation images, from 0 to 1, to which FP32 gives the same class."
    ),
]
Predictions: TypeAlias = Annotated[
    list[ClassIndex], doc("Class index that it gives each image of the validation split.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to quantize."""

    algorithm: Annotated[str, doc("How ranges of activations are found: minmax or kl.")]
    granularity: Annotated[
        str,
        doc(
            "Which weights share a scale: per_channel, those of an output channel; per_tensor, all."
        ),
    ]
    left_out: Annotated[tuple[str, ...], doc("Ops that stay in FP32; sorted by name.")] = ()
    shared: Annotated[
        tuple[str, ...],
        doc(
            "Ops that only move or pick values, such as MaxPool, and stay in 8 bits by taking over "
            "the scale of what reads them; sorted by name."
        ),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer(Primitive):
    """A primitive of one inference with the op of the graph that ran it."""

    op: Annotated[str, doc("Name of the op in the model's graph.")]
    share: Annotated[
        Fraction, doc("Fraction, from 0 to 1, of the time of all primitives of the inference.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What keeps a model from the hardware's limit."""

    kind: Annotated[
        FindingKind,
        doc(
            "reference_kernel: oneDNN's slow reference code ran; int8_fallback: the runtime does "
            "not run a quantized op in INT8; fp32_compute: an op multiplies in FP32 though the "
            "recipe quantizes it; reorder: a conversion between ops that agree in type."
        ),
    ]
    op: Annotated[str, doc("Name of the op in the graph; empty if the evidence names none.")]
    detail: Annotated[str, doc("The evidence: kernel and types, or the line of the log.")]
    share: Annotated[
        TimeFraction,
        doc("Fraction of the inference's time, from 0 to 1 but for rounding; 0 if not known."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One recipe that was tried; figures are null if it could not be made or run."""

    recipe: Annotated[Recipe, doc("What was tried.")]
    verdict: Annotated[
        str,
        Meta(pattern=f"^((chosen|slower|beyond the bound){END}|failed: )"),
        doc("chosen; slower, if within the accuracy bound; beyond the bound; or failed: and why."),
    ]
    may_pass: Annotated[
        bool,
        doc(
            "True if it failed as time ran out or another ended its process: next time it is tried."
        ),
    ] = False
    accuracy_top1: Top1
    loss: LossOfTop1
    throughput_images_per_s: Annotated[
        PerSecond | None, doc("Images per second, by the median batch of its one round.")
    ]
    reference_share: Annotated[
        Fraction | None,
        doc("Fraction of all primitives' time that reference kernels took, from 0 to 1."),
    ]
    findings: Annotated[list[Finding], doc("What keeps it from the limit, the costliest first.")]
    seconds: Annotated[Seconds, doc("How long the trial took, in seconds.")]
    agreement_fp32: Agreement = None
    predictions: Predictions = field(default_factory=list)
    layers: Annotated[list[Layer], doc("Primitives of one inference, in order.")] = field(
        default_factory=list
    )
    batch_seconds: Annotated[
        RoundsOfBatches, doc("Seconds of each batch, by round; there is one round.")
    ] = field(default_factory=list)
    final_batch_seconds: Annotated[
        RoundsOfBatches,
        doc(
            "Seconds of each batch, by round, of the turns that the fastest trials took against "
            "each other; empty if it was not among them, or the only one."
        ),
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What leaving one more op in FP32 gives."""

    op: Annotated[str, doc("Name of the op in the model's graph.")]
    accuracy_top1: Annotated[
        Fraction, doc("Top-1 on the validation split, a fraction from 0 to 1.")
    ]
    divergence: Annotated[
        float,
        doc(
            "Mean Kullback-Leibler divergence from FP32's probabilities, in nats; 0 or more but "
            "for rounding."
        ),
    ]
    predictions: Predictions = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A precision that the profile stage can run; all but the reason is null if there is none."""

    precision: Annotated[PrecisionName, doc("What the model runs in.")]
    missing: Annotated[str | None, doc("Why there is none; null if there is one.")] = None
    model: Annotated[
        str | None,
        doc(
            "Path of its SavedModel in the artifacts folder. A BF16 variant has that of FP32 or "
            "INT8, which the runtime converts as it loads it."
        ),
    ] = None
    accuracy_top1: Top1 = None
    loss: LossOfTop1 = None
    throughput_images_per_s: Annotated[
        PerSecond | None, doc("Images per second in the median round, by its median batch.")
    ] = None
    speedup: Annotated[Multiple | None, doc("Throughput as a multiple of the FP32 variant's.")] = (
        None
    )
    reference_share: Annotated[
        Fraction | None,
        doc("Fraction of all primitives' time that reference kernels took, from 0 to 1."),
    ] = None
    findings: Annotated[
        list[Finding] | None, doc("What keeps it from the limit, the costliest first.")
    ] = None
    layers: Annotated[list[Layer] | None, doc("Primitives of one inference, in order.")] = None
    agreement_fp32: Agreement = None
    predictions: Predictions = field(default_factory=list)
    batch_seconds: Annotated[
        RoundsOfBatches, doc("Seconds of each batch, by round, in turns with the others.")
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeRecord(Record):
    """quantize.json: every recipe that was tried, and the kernels of each variant."""

    train_sha256: Annotated[Sha256, doc("sha256 of the SHA256SUMS of the train folder used.")]
    runtime: Annotated[RuntimeName, doc("Which TensorFlow the model was quantized for.")]
    host: Annotated[Host, doc("The machine that the trials and variants were timed on.")]
    tolerable_loss: Annotated[
        float,
        Meta(gt=0, lt=1),
        doc("The bound: largest loss of top-1 relative to FP32's, a fraction between 0 and 1."),
    ]
    max_trials: Annotated[Size, doc("Most trials that were allowed.")]
    calibration_samples: Annotated[Size, doc("Images that INT8 was calibrated with.")]
    batch_size: Annotated[Size, doc("Images per batch in all that was timed.")]
    labels: Annotated[
        list[ClassIndex], doc("True class index of each image of the validation split.")
    ]
    recipe: Annotated[Recipe, doc("The recipe that was chosen.")]
    trials: Annotated[list[Trial], doc("All recipes that were tried, in order.")]
    sensitivity: Annotated[
        list[Sensitivity],
        doc("What each INT8 op costs, the costliest first; empty if that was not needed."),
    ]
    variants: Annotated[list[Variant], doc("Every precision; those that are missing come last.")]
    int8_ops: Annotated[list[str], doc("Ops of the chosen model that multiply in INT8.")]
    fp32_ops: Annotated[list[str], doc("Ops of the chosen model that multiply in FP32.")]
    seconds: Annotated[
        Seconds,
        doc("How long the stage took, in seconds; if it went on, without the run that was ended."),
    ]
    tolerable_disagreement: Annotated[
        Fraction,
        doc_of_added("Bound: largest fraction of images with another class than FP32's; 1: any."),
    ] = 1.0
    resumed_trials: Annotated[
        Count,
        doc_of_added(
            "How many of the trials an earlier run left that was ended: it timed them on the same "
            "machine, as it was started and set up, by the same program; 0 if it ran through."
        ),
    ] = 0
    chance: Annotated[
        Chance | None,
        doc_of_added("Whether FP32 is better than the largest class alone, on validation."),
    ] = None

    def variant(self, precision: str) -> Variant:
        """Return the variant of a precision; KeyError if the record has none."""
        return {variant.precision: variant for variant in self.variants}[precision]
