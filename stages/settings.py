"""Every default in one place: what a user can set, how it is checked, where it comes from.

A setting called `batch_size` is read from the environment as `VGG19_BATCH_SIZE`, and from a
stage's command line as `--batch-size`, which wins.
"""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from stages.errors import SettingsError
from stages.isa import ISA_NAMES

ENV_PREFIX = "VGG19_"
STAGES = ("train", "quantize", "profile", "compare")
PRECISIONS = ("fp32", "bf16", "int8")
DATA_SETS = ("embedded", "beans")


@dataclass(frozen=True, slots=True)
class Spec:
    """What is known of a setting beside its name: help, users, how to read and check it."""

    help: str
    stages: tuple[str, ...]
    read: Callable[[str], Any] = str
    check: Callable[[Any], bool] = lambda _: True
    allowed: str = ""


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _subset_of(known: Sequence[str]) -> Callable[[Any], bool]:
    return lambda names: bool(names) and set(names) <= set(known)


def _at_least(minimum: float) -> Callable[[Any], bool]:
    return lambda number: bool(minimum <= number < math.inf)


def _setting(default: Any, spec: Spec) -> Any:
    return field(default=default, metadata={"spec": spec})


def _whole(default: int, minimum: int, help: str, *stages: str) -> Any:
    allowed = f"a whole number, {minimum} or more"
    return _setting(default, Spec(help, stages, int, _at_least(minimum), allowed))


def _decimal(default: float, minimum: float, help: str, *stages: str) -> Any:
    allowed = f"a number, {minimum:g} or more"
    return _setting(default, Spec(help, stages, float, _at_least(minimum), allowed))


def _choices(default: tuple[str, ...], known: Sequence[str], help: str, *stages: str) -> Any:
    spec = Spec(help, stages, _names, _subset_of(known), f"a comma list of {', '.join(known)}")
    return _setting(default, spec)


def _fraction(default: float, help: str, *stages: str) -> Any:
    spec = Spec(help, stages, float, lambda x: 0.0 < x < 1.0, "a number between 0 and 1")
    return _setting(default, spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of all stages; constructing it checks them.

    Raises SettingsError for a value outside its range.
    """

    artifacts: Path = _setting(
        Path("artifacts"), Spec("folder that the stages share", STAGES, Path)
    )
    data: str = _setting(
        "embedded",
        Spec(
            "data set: embedded (drawn here) or beans (ibean, through tensorflow-datasets)",
            ("train",),
            check=lambda name: name in DATA_SETS,
            allowed=" or ".join(DATA_SETS),
        ),
    )
    backbone: str = _setting(
        "embedded",
        Spec(
            "backbone: embedded, imagenet, or a TF Hub handle or path",
            ("train",),
            check=lambda name: name in ("embedded", "imagenet") or "/" in name,
            allowed="embedded, imagenet, or a TF Hub handle or path (with a '/')",
        ),
    )
    seed: int = _whole(0, 0, "seed of the embedded data and backbone", "train")
    train_samples: int = _whole(0, 0, "training images; 0 takes all", "train")
    validation_samples: int = _whole(0, 0, "validation images; 0 takes all", "train")
    test_samples: int = _whole(0, 0, "test images; 0 takes all", "train")
    calibration_samples: int = _whole(
        32, 1, "images set aside from the training split to calibrate INT8", "train"
    )
    epochs: int = _whole(300, 1, "epochs of the new head", "train")
    learning_rate: float = _decimal(0.05, 1e-6, "learning rate of the new head", "train")
    tolerable_loss: float = _fraction(
        0.01, "largest relative loss of top-1 that INT8 may have on validation", "quantize"
    )
    precisions: tuple[str, ...] = _choices(PRECISIONS, PRECISIONS, "precisions", "profile")
    isas: tuple[str, ...] = _choices(
        ISA_NAMES, ISA_NAMES, "caps for oneDNN (ONEDNN_MAX_CPU_ISA)", "profile"
    )
    cores: str = _setting(
        "", Spec("cores to pin, as 0-3,8; empty: one per physical core", ("profile",))
    )
    batch_size: int = _whole(8, 1, "images per batch (offline scenario)", "quantize", "profile")
    min_duration_s: float = _decimal(5.0, 0.1, "least seconds per scenario", "profile")
    min_queries: int = _whole(20, 1, "least queries of the single-stream scenario", "profile")
    worker_timeout_s: float = _decimal(900.0, 1.0, "longest life of one measurement", "profile")

    def __post_init__(self) -> None:
        for name, spec in specs().items():
            value = getattr(self, name)
            if not spec.check(value):
                raise SettingsError(_refusal(name, value, spec))


def specs() -> dict[str, Spec]:
    """Return the Spec of every setting, by name, in order of declaration."""
    return {each.name: each.metadata["spec"] for each in fields(Settings)}


def specs_of(stage: str) -> dict[str, Spec]:
    """Return the Spec of every setting that `stage` reads."""
    return {name: spec for name, spec in specs().items() if stage in spec.stages}


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
        parser.add_argument("--" + name.replace("_", "-"), help=text)
    given = vars(parser.parse_args(argv))
    return load(environ, {name: text for name, text in given.items() if text is not None})


def _refuse_unknown(environ: Mapping[str, str], known: Mapping[str, Spec]) -> None:
    names = {env_name(name) for name in known}
    for variable in sorted(environ):
        if variable.startswith(ENV_PREFIX) and variable not in names:
            raise SettingsError(f"{variable} is no setting; known are {', '.join(sorted(names))}")


def _read(name: str, text: str, spec: Spec) -> Any:
    try:
        return spec.read(text)
    except ValueError:
        raise SettingsError(_refusal(name, text, spec)) from None


def _refusal(name: str, value: Any, spec: Spec) -> str:
    return f"{name} can't be {_shown(value)!r}; give {spec.allowed}"


def _shown(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)
