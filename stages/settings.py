"""Every default in one place: what a user can set, what it means, how it is checked.

`batch_size` is read from the variable `VGG19_BATCH_SIZE`, and from `--batch-size`, which wins:
stages/command_line.py. docs/settings.md is made from here by `invoke docs --write`.
"""

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from stages.errors import SettingsError
from stages.records.base import Setting
from stages.setting import values
from stages.setting.addresses import is_remote, redacted, redacted_handle
from stages.setting.of_rounds import DEFAULT_ROUNDS, OfRounds
from stages.setting.programs import MEASURING, PEERS, PROGRAMS, REHEARSE
from stages.setting.spec import Spec, as_text, path, setting
from stages.setting.suggestion import quoted
from stages.setting.values import read_local

ENV_PREFIX = "VGG19_"
DIGEST = re.compile(r"[a-z0-9]+:[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(OfRounds):
    """All settings of all stages; constructing it checks them.

    Those here are what the images, a runner or invoke set; for the others see stages/setting/of_*.
    Raises SettingsError for a value outside its range.
    """

    locks: Path = path(
        "/dev/shm/vgg19-locks",
        "folder that holds the locks on measured cores; all runs on a machine must use the same",
        *MEASURING,
        REHEARSE,
    )
    image: str = setting(
        "",
        Spec(
            "digest of the image that this runs in, for the record",
            PROGRAMS,
            check=lambda digest: not digest or bool(DIGEST.fullmatch(digest)),
            allowed="a digest, as sha256:... in 64 hexadecimal digits",
            alters=False,
        ),
    )
    itex_python: str = setting(
        "",
        Spec(
            "interpreter that has the itex runtime; if not given, there is none",
            (PEERS, REHEARSE),
            read_local,
            allowed="the path of an interpreter, or its name",
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
    return bool(downloads(settings))


def downloads(settings: Settings) -> list[str]:
    """Return what comes from a network, at least at first use, without secrets."""
    data, handle = settings.data, settings.backbone
    found = [f"the data {data}"] if values.is_downloaded(data) else []
    if handle == "imagenet" or is_remote(handle):
        found.append(f"the backbone {redacted_handle(handle)}")
    return found


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
