"""Every default in one place: what a user can set, how it is checked, where it comes from.

A setting called `batch_size` is read from the environment as `VGG19_BATCH_SIZE`, and from a
stage's command line as `--batch-size`, which wins.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from stages import __version__
from stages.errors import SettingsError
from stages.isa import ISA_NAMES
from stages.precisions import PRECISION_NAMES
from stages.records.base import Provenance
from stages.runtimes import RUNTIME_NAMES, RUNTIMES
from stages.setting import Spec, choices, decimal, fraction, one_of, setting, sizes, switch, whole

ENV_PREFIX = "VGG19_"
STAGES = ("train", "quantize", "profile", "compare")
# What is run on its own, beside the pipeline.
PEERS, DOCTOR = "peers", "doctor"
EXTRAS = (PEERS, DOCTOR)
PROGRAMS = (*STAGES, *EXTRAS)
DATA_SETS = ("embedded", "beans")
ALGORITHMS = ("minmax", "kl")
GRANULARITIES = ("per_channel", "per_tensor")
AUTO = "auto"
# What the example that this project replaces was told to make BF16 by.
OLD_BF16_SWITCHES = ("FORCE_BF16", "MIX_PRECISION_TEST")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of all stages; constructing it checks them.

    Raises SettingsError for a value outside its range.
    """

    artifacts: Path = setting(
        Path("artifacts"), Spec("folder that the stages share", PROGRAMS, Path)
    )
    data: str = one_of(
        "embedded",
        DATA_SETS,
        "data set: embedded (drawn here) or beans (ibean, through tensorflow-datasets)",
        "train",
    )
    backbone: str = setting(
        "embedded",
        Spec(
            "backbone: embedded, imagenet, or a TF Hub handle or path",
            ("train",),
            check=lambda name: name in ("embedded", "imagenet") or "/" in name,
            allowed="embedded, imagenet, or a TF Hub handle or path (with a '/')",
        ),
    )
    seed: int = whole(
        0, 0, "seed of the embedded data and backbone, and of the turns' order", "train", "profile"
    )
    train_samples: int = whole(0, 0, "training images; 0 takes all", "train")
    validation_samples: int = whole(0, 0, "validation images; 0 takes all", "train")
    test_samples: int = whole(0, 0, "test images; 0 takes all", "train")
    calibration_samples: int = whole(
        32,
        1,
        "images to calibrate INT8 with, set aside from the training split",
        "train",
        "quantize",
        PEERS,
    )
    epochs: int = whole(300, 1, "epochs of the new head", "train")
    learning_rate: float = decimal(0.05, 1e-6, "learning rate of the new head", "train")
    tolerable_loss: float = fraction(
        0.01, "largest relative loss of top-1 that INT8 may have on validation", "quantize"
    )
    runtime: str = one_of(
        RUNTIME_NAMES[0],
        RUNTIME_NAMES,
        "TensorFlow that runs the models: "
        + " or ".join(f"{each.name} ({each.label})" for each in RUNTIMES),
        "quantize",
        "profile",
        DOCTOR,
    )
    max_trials: int = whole(12, 1, "most recipes that are tried", "quantize")
    calibration_algorithms: tuple[str, ...] = choices(
        ALGORITHMS, ALGORITHMS, "ways to find activation ranges, in the order tried", "quantize"
    )
    weight_granularities: tuple[str, ...] = choices(
        GRANULARITIES[:1], GRANULARITIES, "scales of the weights, in the order tried", "quantize"
    )
    force_bf16: bool = switch("produce BF16 variants though this CPU has no BF16", "quantize")
    no_bf16: bool = switch("produce no BF16 variants", "quantize")
    precisions: tuple[str, ...] = choices(
        PRECISION_NAMES, PRECISION_NAMES, "precisions to measure", "profile"
    )
    isas: tuple[str, ...] = choices(
        ISA_NAMES, ISA_NAMES, "caps for oneDNN (ONEDNN_MAX_CPU_ISA)", "profile", DOCTOR
    )
    cores: str = setting(
        "",
        Spec(
            "cores to pin, as 0-3,8; empty: one per physical core",
            ("quantize", "profile", *EXTRAS),
        ),
    )
    num_instances: str = setting(
        "1",
        Spec(
            "processes that share the offline work, each with cores of its own; auto tries which",
            ("profile",),
            check=lambda text: text == AUTO or (text.isdigit() and int(text) > 0),
            allowed=f"a whole number, 1 or more, or {AUTO}",
        ),
    )
    cores_per_instance: int = whole(
        0, 0, "cores of each process; 0: all, in equal parts", "profile"
    )
    locks: Path = setting(
        Path("/dev/shm"),
        Spec(
            "folder, the same for all runs of a host, of the locks on cores that are measured on",
            ("quantize", "profile", PEERS),
            Path,
        ),
    )
    batch_size: int = whole(8, 1, "images per batch (offline scenario)", "quantize", "profile")
    batch_sizes: tuple[int, ...] = sizes((1, 8, 32), "images per batch, each in turn", PEERS)
    rounds: int = whole(
        8, 1, "times that models take turns when compared", "quantize", "profile", PEERS
    )
    round_duration_s: float = decimal(
        1.0, 0.1, "least seconds of a model's turn", "quantize", "profile", PEERS
    )
    image: str = setting(
        "", Spec("digest of the image that this runs in, for the record", PROGRAMS)
    )
    itex_python: str = setting(
        "", Spec("interpreter that has the itex runtime; empty: there is none", (PEERS,))
    )
    round_queries: int = whole(
        11, 1, "least queries of a single-stream turn; LoadGen's p50 needs 11", "profile"
    )
    server_latency_ms: float = decimal(
        0.0, 0.0, "bound of the server scenario, which is run where it is not 0", "profile"
    )
    all_cells: bool = switch(
        "measure also what runs the kernels of a lower cap, and BF16 where it is emulated",
        "profile",
    )
    strict: bool = switch(
        "turns by MLPerf's rules: 600 s each, 24576 images offline, p90 in a single stream",
        "profile",
    )
    worker_timeout_s: float = decimal(
        900.0, 1.0, "longest wait for a measuring process", "quantize", "profile", PEERS
    )

    def __post_init__(self) -> None:
        for name, spec in specs().items():
            value = getattr(self, name)
            if not spec.check(value):
                raise SettingsError(_refusal(name, value, spec))
        if self.force_bf16 and self.no_bf16:
            raise SettingsError("force_bf16 contradicts no_bf16; give one of them")
        if self.num_instances == AUTO and self.cores_per_instance:
            raise SettingsError(
                "cores_per_instance contradicts num_instances=auto; give one of them"
            )


def specs() -> dict[str, Spec]:
    """Return the Spec of every setting, by name, in order of declaration."""
    return {each.name: each.metadata["spec"] for each in fields(Settings)}


def specs_of(program: str) -> dict[str, Spec]:
    """Return the Spec of every setting that a stage, or peers, reads."""
    return {name: spec for name, spec in specs().items() if program in spec.programs}


def env_name(name: str) -> str:
    """Return the environment variable that a setting is read from."""
    return ENV_PREFIX + name.upper()


def load(environ: Mapping[str, str], overrides: Mapping[str, str] | None = None) -> Settings:
    """Build Settings from the environment, with `overrides` on top.

    An empty variable counts as unset. Raises SettingsError for a value that can't be read, and
    for a variable with this project's prefix that names no setting.
    """
    known = specs()
    texts = {name: environ[env_name(name)] for name in known if environ.get(env_name(name))}
    _refuse_unknown(environ, known)
    texts.update(overrides or {})
    return Settings(**{name: _read(name, text, known[name]) for name, text in texts.items()})


def for_stage(stage: str, argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Build Settings for `python -m stages.<stage> ARGV`; `--help` prints what can be set."""
    parser = argparse.ArgumentParser(f"python -m stages.{stage}")
    defaults = {each.name: each.default for each in fields(Settings)}
    for name, spec in specs_of(stage).items():
        text = f"{spec.help} (default: {_shown(defaults[name])}; {env_name(name)})"
        form: dict[str, Any] = {"action": "store_const", "const": "1"} if spec.is_switch else {}
        parser.add_argument("--" + name.replace("_", "-"), help=text, **form)
    given = vars(parser.parse_args(argv))
    texts = {name: text for name, text in given.items() if text is not None}
    if "force_bf16" in specs_of(stage):
        texts = _old_bf16_switches(environ) | texts
    return load(environ, texts)


def maker(settings: Settings, program: str) -> Provenance:
    """Return what a record says of the program that made it."""
    names = [name for name in specs_of(program) if name != "image"]
    return Provenance(
        version=__version__,
        image=settings.image,
        settings={name: _shown(getattr(settings, name)) for name in names},
    )


def _old_bf16_switches(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the old example's switches ask for, and say so."""
    for name in OLD_BF16_SWITCHES:
        if environ.get(name) == "1":
            meaning = f"{name}=1 now means {env_name('force_bf16')}=1"
            print(f"{meaning}: BF16 variants are produced on any CPU", file=sys.stderr)
            return {"force_bf16": "1"}
    return {}


def _refuse_unknown(environ: Mapping[str, str], known: Mapping[str, Spec]) -> None:
    names = {env_name(name) for name in known}
    for variable in sorted(environ):
        if variable.startswith(ENV_PREFIX) and variable not in names:
            raise SettingsError(f"{variable} is no setting; known are {', '.join(sorted(names))}")


def _read(name: str, text: str, spec: Spec) -> Any:
    try:
        return spec.read(text)
    except (ValueError, KeyError):
        raise SettingsError(_refusal(name, text, spec)) from None


def _refusal(name: str, value: Any, spec: Spec) -> str:
    return f"{name} can't be {_shown(value)!r}; give {spec.allowed}"


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
