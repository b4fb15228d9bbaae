"""quantize.json: every trial, what was chosen, and what each variant runs, layer by layer."""

from dataclasses import dataclass, field

from stages.records.base import Record
from stages.records.measure import Primitive


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to quantize.

    `left_out` are ops that stay in FP32; `shared` are ops that only move or pick values (a
    MaxPool), which stay in 8 bits by taking over the scale of what reads them.
    """

    algorithm: str
    granularity: str
    left_out: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer(Primitive):
    """A primitive of one inference with the op of the graph that ran it, and its fraction of the
    inference's time in oneDNN.
    """

    op: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What keeps a model from the hardware's limit: its kind, the op, the evidence, its time."""

    kind: str
    op: str
    detail: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One recipe tried: loss is relative to the FP32 top-1 on validation.

    `verdict` is `chosen`, `slower`, or why it was refused; the figures are None where it could
    not be made or run. They follow from `predictions`, which are class indices on validation, from
    `layers`, and from `batch_seconds`, which are all batches by round; `final_batch_seconds` are
    those of the turns that the fastest took against each other, where there were several.
    """

    recipe: Recipe
    verdict: str
    accuracy_top1: float | None
    loss: float | None
    throughput_images_per_s: float | None
    reference_share: float | None
    findings: list[Finding]
    seconds: float
    predictions: list[int] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    batch_seconds: list[list[float]] = field(default_factory=list)
    final_batch_seconds: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What one op's return to FP32 gives: top-1, and how far the output is from FP32's.

    `divergence` is the mean Kullback-Leibler divergence from FP32's probabilities, in nats;
    `predictions` are class indices on validation.
    """

    op: str
    accuracy_top1: float
    divergence: float
    predictions: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A precision that the profile stage can run, or the reason why there is none.

    `model` is the path of its SavedModel in the artifacts folder: BF16 is the FP32 or INT8 model,
    which the runtime converts as it loads it. `accuracy_top1` is on validation: the test split is
    the profile stage's; `predictions` are its class indices. `throughput_images_per_s` is the
    median of interleaved rounds, of which `batch_seconds` has every batch.
    """

    precision: str
    missing: str | None = None
    model: str | None = None
    accuracy_top1: float | None = None
    loss: float | None = None
    throughput_images_per_s: float | None = None
    speedup: float | None = None
    reference_share: float | None = None
    findings: list[Finding] | None = None
    layers: list[Layer] | None = None
    predictions: list[int] = field(default_factory=list)
    batch_seconds: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantizeRecord(Record):
    """quantize.json; `labels` are the validation split's."""

    train_sha256: str
    runtime: str
    versions: dict[str, str]
    tolerable_loss: float
    max_trials: int
    calibration_samples: int
    batch_size: int
    labels: list[int]
    recipe: Recipe
    trials: list[Trial]
    sensitivity: list[Sensitivity]
    variants: list[Variant]
    int8_ops: list[str]
    fp32_ops: list[str]
    seconds: float

    def variant(self, precision: str) -> Variant:
        """Return the variant of a precision; KeyError where the record has none."""
        return {each.precision: each for each in self.variants}[precision]
