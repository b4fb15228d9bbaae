"""Every default in one place: what a user can set, what it means, how it is checked.

`batch_size` is read from the variable `VGG19_BATCH_SIZE`, and from `--batch-size`, which wins:
stages/command_line.py. docs/settings.md is made from here by `invoke docs --write`.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from stages.errors import SettingsError
from stages.isa import ISA_NAMES, LADDER
from stages.precisions import PRECISION_NAMES, PRECISIONS
from stages.records.base import Setting
from stages.runtimes import RUNTIME_NAMES, RUNTIMES
from stages.setting import ranges, values
from stages.setting.addresses import (
    is_remote,
    recorded_handle,
    redacted,
    redacted_address,
    redacted_handle,
)
from stages.setting.spec import (
    Spec,
    as_text,
    choices,
    cpus,
    decimal,
    fraction,
    one_of,
    path,
    setting,
    sizes,
    switch,
    whole,
)
from stages.setting.suggestion import quoted

ENV_PREFIX = "VGG19_"
STAGES = ("train", "quantize", "profile", "compare")
# What runs before train, if the settings need anything from a network.
DOWNLOAD = "download"
# What is run on its own, beside the pipeline.
EXTRAS = PEERS, DOCTOR, REHEARSE = ("peers", "doctor", "rehearse")
PROGRAMS = (DOWNLOAD, *STAGES, *EXTRAS)
MEASURING = ("quantize", "profile", PEERS)
# Where no number is asked for, and nothing else says how many are enough.
DEFAULT_ROUNDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of all stages; constructing it checks them.

    Raises SettingsError for a value outside its range.
    """

    artifacts: Path = path("artifacts", "folder that the stages share", *PROGRAMS)
    force: tuple[str, ...] = choices(
        (),
        values.PRODUCTS,
        "make these again, though nothing that they depend on has changed",
        *values.PRODUCTS,
        alters=False,
    )
    # Data and model.
    data: str = one_of(
        "embedded", values.DATA_SETS, "data set to train, tune and test on", DOWNLOAD, "train"
    )
    backbone: str = setting(
        "embedded",
        Spec(
            "frozen network below the new head",
            (DOWNLOAD, "train"),
            values.read_backbone,
            lambda name: name in values.NAMED_BACKBONES or "/" in name,
            "embedded, imagenet, downloaded, or a TF Hub handle or path (with a '/')",
            values.BACKBONES,
            recorded=recorded_handle,
        ),
    )
    download_mirror: str = setting(
        "",
        Spec(
            "mirror of your own, asked first for what is downloaded: the address under which the "
            "same files lie",
            (DOWNLOAD,),
            values.read_mirror,
            lambda address: not address or is_remote(address),
            "an address such as https://HOST/FOLDER",
            alters=False,
            show=redacted_address,
        ),
    )
    seed: int = whole(
        0,
        ranges.SEED,
        "seed of the embedded data and backbone, and of the turns' order",
        "train",
        "profile",
    )
    train_samples: int = whole(
        0, ranges.IMAGES, "training images, those to calibrate with included; 0 takes all", "train"
    )
    validation_samples: int = whole(0, ranges.IMAGES, "validation images; 0 takes all", "train")
    test_samples: int = whole(0, ranges.IMAGES, "test images; 0 takes all", "train")
    calibration_samples: int = whole(
        32,
        ranges.CALIBRATION,
        "training images set aside to calibrate INT8 with",
        "train",
        "quantize",
        PEERS,
    )
    epochs: int = whole(300, ranges.EPOCHS, "epochs of the new head", "train")
    learning_rate: float = decimal(
        0.05, ranges.LEARNING_RATE, "learning rate of the new head", "train"
    )
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
    )
    weight_granularities: tuple[str, ...] = choices(
        ("per_channel",),
        values.GRANULARITIES,
        "scales of the weights, in the order tried",
        "quantize",
    )
    force_bf16: bool = switch("produce BF16 variants even if this CPU has no BF16", "quantize")
    no_bf16: bool = switch("produce no BF16 variants", "quantize")
    # What is measured, on which cores.
    precisions: tuple[str, ...] = choices(
        PRECISION_NAMES,
        {precision.name: precision.meaning for precision in PRECISIONS},
        "precisions to measure; rehearse takes those that AMX multiplies in",
        "profile",
        DOCTOR,
        REHEARSE,
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
        DOCTOR,
    )
    cores: str = cpus(
        "cores to pin to, taken in the order of their numbers, however they are given; if not "
        "given, one per physical core",
        "quantize",
        "profile",
        *EXTRAS,
    )
    num_instances: int | str = setting(
        1,
        Spec(
            "processes that share the offline work, each with cores of its own; 1: one on all "
            "cores; auto tries which split of the cores is the fastest",
            ("profile", DOCTOR),
            values.read_instances,
            lambda value: (
                value == values.AUTO or (isinstance(value, int) and value in ranges.INSTANCES)
            ),
            f"{values.AUTO}, or a whole number {ranges.INSTANCES} ({ranges.INSTANCES.reason})",
        ),
    )
    cores_per_instance: int = whole(
        0, ranges.CORES, "cores of each process; 0: all, in equal parts", "profile", DOCTOR
    )
    # How long, and how.
    batch_size: int = whole(
        8,
        ranges.BATCH,
        "images per batch (offline scenario)",
        "quantize",
        "profile",
        DOCTOR,
        REHEARSE,
    )
    batch_sizes: tuple[int, ...] = sizes(
        (1, 8, 32), ranges.BATCH, "images per batch, each in turn", PEERS
    )
    rehearse_samples: int = whole(
        24,
        ranges.IMAGES,
        "how many of the first test images to rehearse with; 0 takes all",
        REHEARSE,
    )
    rounds: int = whole(
        0,
        ranges.ROUNDS,
        "turns that each model takes when models are compared; 0: profile takes as many as it "
        f"needs to be sure, quantize and peers {DEFAULT_ROUNDS}",
        *MEASURING,
    )
    precision_goal: float = fraction(
        0.02,
        0.0001,
        "how closely profile is to know each ratio of its table: half of the 95% interval, as a "
        "fraction of the ratio",
        "profile",
    )
    time_budget: float = decimal(
        300.0,
        ranges.TIME_BUDGET,
        "longest that profile takes turns to reach that, in seconds",
        "profile",
    )
    round_duration_s: float = decimal(
        1.0, ranges.ROUND_DURATION_S, "shortest length of a turn, in seconds", *MEASURING
    )
    round_queries: int = whole(
        11,
        ranges.ROUND_QUERIES,
        "fewest queries of a single-stream turn; LoadGen's median needs 11",
        "profile",
    )
    server_latency_ms: float = decimal(
        0.0,
        ranges.SERVER_LATENCY_MS,
        "latency bound of the server scenario, in ms; 0 leaves it out",
        "profile",
    )
    strict: bool = switch(
        "turns by MLPerf's rules: 600 s each, 24576 images offline, p90 in a single stream; "
        "takes days on few cores",
        "profile",
    )
    more: bool = switch(
        "add rounds to what was measured last, on this machine since it started",
        "profile",
        alters=False,
    )
    history: int = whole(
        10,
        ranges.HISTORY,
        "how many measurements of a runtime are kept when later ones replace them; 0 keeps none",
        "profile",
        alters=False,
    )
    worker_timeout_s: float = decimal(
        900.0,
        ranges.WORKER_TIMEOUT_S,
        "longest wait for a measuring process, in seconds",
        *MEASURING,
        REHEARSE,
        alters=False,
    )
    # What the images, a runner or invoke set.
    locks: Path = path(
        "/dev/shm/vgg19-locks",
        "folder that holds the locks on measured cores; all runs on a machine must use the same",
        *MEASURING,
        REHEARSE,
    )
    image: str = setting(
        "",
        Spec("digest of the image that this runs in, for the record", PROGRAMS, alters=False),
    )
    itex_python: str = setting(
        "",
        Spec(
            "interpreter that has the itex runtime; if not given, there is none",
            (PEERS, REHEARSE),
            alters=False,
        ),
    )
    emulator: Path = path(
        "/opt/amxemu/libamxemu.so", "library that emulates AMX in a process", REHEARSE
    )

    def __post_init__(self) -> None:
        for name, spec in specs().items():
            if not spec.check(value := getattr(self, name)):
                raise refusal(name, value)
        if self.more and "profile" in self.force:
            raise SettingsError("more contradicts force of profile; give one of them")
        if self.force_bf16 and self.no_bf16:
            raise SettingsError("force_bf16 contradicts no_bf16; give one of them")
        if self.num_instances == values.AUTO and self.cores_per_instance:
            raise SettingsError("cores_per_instance contradicts num_instances=auto; give one")

    @property
    def fixed_rounds(self) -> int:
        """The number of rounds where nothing but a number ends them."""
        return self.rounds or DEFAULT_ROUNDS


def specs() -> dict[str, Spec]:
    """Return the Spec of every setting, by name, in order of declaration."""
    return {field.name: field.metadata["spec"] for field in fields(Settings)}


def specs_of(program: str) -> dict[str, Spec]:
    """Return the Spec of every setting that a stage, or peers, reads."""
    return {name: spec for name, spec in specs().items() if program in spec.programs}


def needs_download(settings: Settings) -> bool:
    """Return whether data or backbone come from a network, at least at first use."""
    handle = settings.backbone
    return settings.data == "beans" or handle == "imagenet" or is_remote(handle)


def env_name(name: str) -> str:
    """Return the environment variable that a setting is read from."""
    return ENV_PREFIX + name.upper()


def refusal(name: str, value: Any, reason: str = "") -> SettingsError:
    """Return the error to raise for a value, or a text, that a setting can't have."""
    shown = quoted(_shown(specs()[name].show(as_text(value)))) + (f" ({reason})" if reason else "")
    return SettingsError(f"{name} can't be {shown}; give {specs()[name].allowed}")


def recorded_settings(settings: Settings, program: str) -> dict[str, Setting]:
    """Return the settings that what a program makes may depend on, as its record has them."""
    altering = {name: spec for name, spec in specs_of(program).items() if spec.alters}
    values_now = {name: spec.recorded(getattr(settings, name)) for name, spec in altering.items()}
    return {name: _as_recorded(value) for name, value in values_now.items()}


def _as_recorded(value: Any) -> Setting:
    """Return a value as JSON has it, without the secrets in a text."""
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, bool | int | float) else _shown(value)


def _shown(value: Any) -> str:
    """Return a value as text, without the secrets of a handle, or of an address somewhere in it."""
    return redacted(redacted_handle(as_text(value)))
