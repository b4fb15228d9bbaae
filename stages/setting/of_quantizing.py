"""How INT8 is made, and within which bound."""

from dataclasses import dataclass

from stages.runtimes import RUNTIME_NAMES, RUNTIMES
from stages.setting import ranges, values
from stages.setting.of_data import OfData
from stages.setting.programs import DOCTOR, SWEEP
from stages.setting.spec import choices, decimal, fraction, one_of, switch, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class OfQuantizing(OfData):
    """Settings of the runtime and the INT8 model."""

    runtime: str = one_of(
        RUNTIME_NAMES[0],
        {runtime.name: f"TensorFlow {runtime.label}" for runtime in RUNTIMES},
        "TensorFlow that runs the models",
        "quantize",
        "profile",
        DOCTOR,
        SWEEP,
    )
    tolerable_loss: float = fraction(
        0.01,
        1e-9,
        "largest loss of top-1 on the validation split that INT8 may have, as a fraction of FP32's",
        "quantize",
    )
    tolerable_disagreement: float = decimal(
        1.0,
        ranges.DISAGREEMENT,
        "largest fraction of validation images to which INT8 may give another class than FP32; "
        "1 bounds nothing",
        "quantize",
    )
    max_trials: int = whole(
        12,
        ranges.TRIALS,
        "largest number of recipes that are tried; measuring what single ops cost comes on top",
        "quantize",
    )
    calibration_algorithms: tuple[str, ...] = choices(
        tuple(values.ALGORITHMS),
        values.ALGORITHMS,
        "ways to find the range of the activations, in the order tried",
        "quantize",
        keeps_order=True,
    )
    weight_granularities: tuple[str, ...] = choices(
        ("per_channel",),
        values.GRANULARITIES,
        "scales of the weights, in the order tried",
        "quantize",
        keeps_order=True,
    )
    force_bf16: bool = switch("produce BF16 variants even if this CPU has no BF16", "quantize")
    no_bf16: bool = switch("produce no BF16 variants", "quantize")
