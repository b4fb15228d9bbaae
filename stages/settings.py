"""Every default in one place: what a user can set, what it means, how it is checked.

A setting called `batch_size` is read from the environment as `VGG19_BATCH_SIZE`, and from a
stage's command line as `--batch-size`, which wins: stages/command_line.py. docs/settings.md is
made from here by `invoke docs --write`.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from stages import __version__
from stages.errors import SettingsError
from stages.isa import ISA_NAMES, LADDER
from stages.precisions import PRECISION_NAMES, PRECISIONS
from stages.records.base import Provenance
from stages.runtimes import RUNTIME_NAMES, RUNTIMES
from stages.setting import (
    Spec,
    as_text,
    choices,
    decimal,
    fraction,
    one_of,
    path,
    setting,
    sizes,
    switch,
    whole,
)

ENV_PREFIX = "VGG19_"
STAGES = ("train", "quantize", "profile", "compare")
# What is run on its own, beside the pipeline.
PEERS, DOCTOR = "peers", "doctor"
EXTRAS = (PEERS, DOCTOR)
PROGRAMS = (*STAGES, *EXTRAS)
MEASURING = ("quantize", "profile", PEERS)
AUTO = "auto"
DATA_SETS = {
    "embedded": "bean leaves that this project draws itself, without a network",
    "beans": "the ibean photographs of bean leaves, downloaded through tensorflow-datasets",
}
BACKBONES = {
    "embedded": "a VGG19 that this project makes itself, without a network",
    "imagenet": "the VGG19 published with ImageNet weights, downloaded",
    "a handle or path": "a TF2 SavedModel that turns 224x224 images into feature vectors",
}
ALGORITHMS = {
    "minmax": "from the smallest to the largest value seen",
    "kl": "the range that loses least information, which takes minutes and gigabytes",
}
GRANULARITIES = {
    "per_channel": "one for each output channel",
    "per_tensor": "one for all weights of a layer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of all stages; constructing it checks them.

    Raises SettingsError for a value outside its range.
    """

    artifacts: Path = path("artifacts", "folder that the stages share", *PROGRAMS)
    # Data and model.
    data: str = one_of("embedded", DATA_SETS, "data set to train, tune and test on", "train")
    backbone: str = setting(
        "embedded",
        Spec(
            "frozen network below the new head",
            ("train",),
            check=lambda name: name in ("embedded", "imagenet") or "/" in name,
            allowed="embedded, imagenet, or a TF Hub handle or path (with a '/')",
            values=BACKBONES,
        ),
    )
    seed: int = whole(
        0, 0, "seed of the embedded data and backbone, and of the turns' order", "train", "profile"
    )
    train_samples: int = whole(
        0, 0, "training images, those to calibrate with included; 0 takes all", "train"
    )
    validation_samples: int = whole(0, 0, "validation images; 0 takes all", "train")
    test_samples: int = whole(0, 0, "test images; 0 takes all", "train")
    calibration_samples: int = whole(
        32, 1, "training images set aside to calibrate INT8 with", "train", "quantize", PEERS
    )
    epochs: int = whole(300, 1, "epochs of the new head", "train")
    learning_rate: float = decimal(0.05, 1e-6, "learning rate of the new head", "train")
    # How INT8 is made.
    runtime: str = one_of(
        RUNTIME_NAMES[0],
        {runtime.name: f"TensorFlow {runtime.label}" for runtime in RUNTIMES},
        "TensorFlow that runs the models",
        "quantize",
        "profile",
        DOCTOR,
    )
    tolerable_loss: float = fraction(
        0.01,
        "largest loss of top-1 on the validation split that INT8 may have, as a fraction of FP32's",
        "quantize",
    )
    max_trials: int = whole(
        12,
        1,
        "largest number of recipes that are tried; measuring what single ops cost comes on top",
        "quantize",
    )
    calibration_algorithms: tuple[str, ...] = choices(
        tuple(ALGORITHMS),
        ALGORITHMS,
        "ways to find the range of the activations, in the order tried",
        "quantize",
    )
    weight_granularities: tuple[str, ...] = choices(
        ("per_channel",), GRANULARITIES, "scales of the weights, in the order tried", "quantize"
    )
    force_bf16: bool = switch("produce BF16 variants even if this CPU has no BF16", "quantize")
    no_bf16: bool = switch("produce no BF16 variants", "quantize")
    # What is measured, on which cores.
    precisions: tuple[str, ...] = choices(
        PRECISION_NAMES,
        {precision.name: precision.meaning for precision in PRECISIONS},
        "precisions to measure",
        "profile",
    )
    isas: tuple[str, ...] = choices(
        ISA_NAMES,
        {isa.name: isa.meaning for isa in LADDER},
        "instruction sets to cap oneDNN at (ONEDNN_MAX_CPU_ISA); a cap also allows those before it",
        "profile",
        DOCTOR,
    )
    all_cells: bool = switch(
        "also measure what runs the same kernels as at a lower cap, and BF16 that is emulated",
        "profile",
    )
    cores: str = setting(
        "",
        Spec(
            "cores to pin to, taken in the order of their numbers; if not given, one per physical "
            "core",
            ("quantize", "profile", *EXTRAS),
            allowed="a list such as 0-3,8",
        ),
    )
    num_instances: str = setting(
        "1",
        Spec(
            "processes that share the offline work, each with cores of its own; 1: one on all "
            "cores; auto tries which split of the cores is the fastest",
            ("profile",),
            check=lambda text: text == AUTO or (text.isdigit() and int(text) > 0),
            allowed=f"a whole number, 1 or more, or {AUTO}",
        ),
    )
    cores_per_instance: int = whole(
        0, 0, "cores of each process; 0: all, in equal parts", "profile"
    )
    # How long, and how.
    batch_size: int = whole(8, 1, "images per batch (offline scenario)", "quantize", "profile")
    batch_sizes: tuple[int, ...] = sizes((1, 8, 32), "images per batch, each in turn", PEERS)
    rounds: int = whole(8, 1, "turns that each model takes when models are compared", *MEASURING)
    round_duration_s: float = decimal(1.0, 0.1, "shortest length of a turn, in seconds", *MEASURING)
    round_queries: int = whole(
        11, 1, "fewest queries of a single-stream turn; LoadGen's median needs 11", "profile"
    )
    server_latency_ms: float = decimal(
        0.0, 0.0, "latency bound of the server scenario, in ms; 0 leaves it out", "profile"
    )
    strict: bool = switch(
        "turns by MLPerf's rules: 600 s each, 24576 images offline, p90 in a single stream; "
        "takes days on few cores",
        "profile",
    )
    worker_timeout_s: float = decimal(
        900.0, 1.0, "longest wait for a measuring process, in seconds", *MEASURING
    )
    # What the images, a runner or invoke set.
    locks: Path = path(
        "/dev/shm/vgg19-locks",
        "folder that holds the locks on measured cores; all runs on a machine must use the same",
        *MEASURING,
    )
    image: str = setting(
        "", Spec("digest of the image that this runs in, for the record", PROGRAMS)
    )
    itex_python: str = setting(
        "", Spec("interpreter that has the itex runtime; if not given, there is none", (PEERS,))
    )

    def __post_init__(self) -> None:
        for name, spec in specs().items():
            value = getattr(self, name)
            if not spec.check(value):
                raise refusal(name, value)
        if self.force_bf16 and self.no_bf16:
            raise SettingsError("force_bf16 contradicts no_bf16; give one of them")
        if self.num_instances == AUTO and self.cores_per_instance:
            raise SettingsError(
                "cores_per_instance contradicts num_instances=auto; give one of them"
            )


def specs() -> dict[str, Spec]:
    """Return the Spec of every setting, by name, in order of declaration."""
    return {field.name: field.metadata["spec"] for field in fields(Settings)}


def specs_of(program: str) -> dict[str, Spec]:
    """Return the Spec of every setting that a stage, or peers, reads."""
    return {name: spec for name, spec in specs().items() if program in spec.programs}


def env_name(name: str) -> str:
    """Return the environment variable that a setting is read from."""
    return ENV_PREFIX + name.upper()


def refusal(name: str, value: Any) -> SettingsError:
    """Return the error to raise for a value, or a text, that a setting can't have."""
    return SettingsError(f"{name} can't be {as_text(value)!r}; give {specs()[name].allowed}")


def maker(settings: Settings, program: str) -> Provenance:
    """Return what a record says of the program that made it."""
    names = [name for name in specs_of(program) if name != "image"]
    return Provenance(
        version=__version__,
        image=settings.image,
        settings={name: as_text(getattr(settings, name)) for name in names},
    )
