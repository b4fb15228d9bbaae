"""Read the stage graph from compose.yaml: the stages, their order, their images."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from docker.paths import COMPOSE_FILE
from stages.errors import InputCorruptError
from stages.program.printable import printable
from stages.runtimes import RUNTIME_NAMES
from stages.setting.programs import PEERS, REHEARSE
from stages.settings import env_name

IMAGE_PREFIX = "vgg19-"
# The service with Jupyter, which is no stage, and its image.
NOTEBOOK = "notebook"
# Characters of a parser's complaint that a message repeats.
MAX_SHOWN = 200
# PyYAML takes quadratic time for what is nested; ours has some dozens.
MAX_BRACKETS = 1000
# The innermost variable of a text: `${NAME}`, `${NAME-else}`, `${NAME+then}`; `:` is for empty ones.
VARIABLE = re.compile(r"\$\{(\w+)(?:(:?)([-+])([^${}]*))?\}")
# In place of a sign in a variable's value, which is no template: no YAML file has it.
DOLLAR = "\0"
# By it a run starts the very image that it looked up, whatever the image's name means by then.
PINNED_IMAGE = "STAGES_IMAGE"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage: its name, which is also its service's in compose.yaml, and its image."""

    name: str
    image: str

    @property
    def target(self) -> str:
        """The Dockerfile's target that makes the image."""
        return self.image.removeprefix(IMAGE_PREFIX).partition(":")[0]


def read_stages(
    environ: Mapping[str, str] = os.environ, compose_file: Path = COMPOSE_FILE
) -> list[Stage]:
    """Return the stages of the pipeline, each after those that it depends on.

    `environ` may choose their images. A service that runs something other than its image's own
    program is no stage, nor is one with a compose profile, which `docker compose up` leaves out.
    """
    services = _read(compose_file)
    needs = {
        name: list(service.depends_on) for name, service in services.items() if not service.profiles
    }
    try:
        names = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise _corrupt(compose_file, f"{error.args[0]}: {error.args[1]}") from None
    unknown = [name for name in names if name not in services]
    if unknown:
        raise _corrupt(compose_file, f"there is no service {unknown[0]}")
    return [_stage(name, services, environ) for name in names if not services[name].entrypoint]


def read_extra(
    name: str, environ: Mapping[str, str] = os.environ, compose_file: Path = COMPOSE_FILE
) -> Stage:
    """Return a program that runs on its own, beside the pipeline, as a stage."""
    services = _read(compose_file)
    if name not in services:
        raise _corrupt(compose_file, f"there is no service {name}")
    return _stage(name, services, environ)


def read_all() -> list[Stage]:
    """Return the stages of every runtime, peers, rehearse and the notebook: each image once."""
    of_runtimes = [
        stage for runtime in RUNTIME_NAMES for stage in read_stages({env_name("runtime"): runtime})
    ]
    beside = [read_extra(name) for name in (PEERS, REHEARSE, NOTEBOOK)]
    return list(dict.fromkeys([*of_runtimes, *beside]))


def read_service(name: str, compose_file: Path = COMPOSE_FILE) -> "Service":
    """Return what a service's container is given, in which variables are not replaced yet."""
    services = _read_as(_Contained, compose_file).services
    if name not in services:
        raise _corrupt(compose_file, f"there is no service {name}")
    return services[name]


class Mount(msgspec.Struct):
    """A file or folder of this machine that a container sees."""

    source: str
    target: str
    read_only: bool = False


class Service(msgspec.Struct):
    """What a service's container is given; an environment's value None is this machine's."""

    entrypoint: list[str] = msgspec.field(default_factory=list)
    environment: dict[str, str | None] = msgspec.field(default_factory=dict)
    volumes: list[Mount] = msgspec.field(default_factory=list)
    network_mode: str = ""


class _Contained(msgspec.Struct):
    """compose.yaml, as `read_service` reads it."""

    services: dict[str, Service]


class _Service(msgspec.Struct):
    """What is read of a service; it has more."""

    image: str
    depends_on: dict[str, Any] | list[str] = msgspec.field(default_factory=dict)
    profiles: list[str] = msgspec.field(default_factory=list)
    entrypoint: list[str] | str | None = None


class _Compose(msgspec.Struct):
    """What is read of compose.yaml."""

    services: dict[str, _Service]


Services = dict[str, _Service]
Form = TypeVar("Form", _Compose, _Contained)


def _read(compose_file: Path) -> Services:
    return _read_as(_Compose, compose_file).services


def _read_as(form: type[Form], compose_file: Path) -> Form:
    """Return what `form` has of a compose file; InputCorruptError if it can't be read."""
    try:
        text = compose_file.read_text(encoding="utf-8")
        if text.count("[") + text.count("{") > MAX_BRACKETS:
            raise ValueError(f"more than {MAX_BRACKETS} brackets")
        raw = yaml.safe_load(text)
        return msgspec.convert(raw, form)
    except (yaml.YAMLError, OSError, ValueError, TypeError, LookupError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise _corrupt(compose_file, reason) from None


def _corrupt(compose_file: Path, reason: str) -> InputCorruptError:
    return InputCorruptError(
        f"{compose_file} can't be read ({printable(reason, MAX_SHOWN)}); restore it"
    )


def _stage(name: str, services: Services, environ: Mapping[str, str]) -> Stage:
    """Return a service as a stage, with the variables in its image's name replaced."""
    return Stage(name, expanded(services[name].image, {**environ, PINNED_IMAGE: ""}))


def expanded(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` with its variables replaced as compose does, inner ones first."""
    while (after := VARIABLE.sub(lambda match: _value(match, environ), text)) != text:
        text = after
    return text.replace(DOLLAR, "$")


def _value(match: re.Match[str], environ: Mapping[str, str]) -> str:
    name, empty_is_unset, operator, other = match.groups()
    value = environ.get(name, "").replace("$", DOLLAR)
    is_set = bool(value) if empty_is_unset else name in environ
    if operator == "+":
        return other if is_set else ""
    return other if operator and not is_set else value
