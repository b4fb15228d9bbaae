"""Read the stage graph from compose.yaml: the stages, their order, their images."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from docker.paths import COMPOSE_FILE
from stages.runtimes import RUNTIME_NAMES
from stages.settings import PEERS, env_name

IMAGE_PREFIX = "vgg19-"
VARIABLE = re.compile(r"\$\{(\w+):-([\w-]*)\}")
# By it a run starts the very image that it looked up, whatever the image's name means by then.
PINNED_IMAGE = "STAGES_IMAGE"

Services = dict[str, dict[str, Any]]


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

    `environ` may choose their images. A service that runs something else in the image of a stage,
    by an entrypoint of its own, is no stage, nor is one with a compose profile, which
    `docker compose up` leaves out.
    """
    services = _read(compose_file)
    needs = {
        name: list(service.get("depends_on", {}))
        for name, service in services.items()
        if "profiles" not in service
    }
    names = TopologicalSorter(needs).static_order()
    return [_stage(name, services, environ) for name in names if _is_stage(services[name])]


def read_extra(
    name: str, environ: Mapping[str, str] = os.environ, compose_file: Path = COMPOSE_FILE
) -> Stage:
    """Return a program that runs on its own, beside the pipeline, as a stage."""
    return _stage(name, _read(compose_file), environ)


def read_all() -> list[Stage]:
    """Return the stages of every runtime, and peers: each image once."""
    of_runtimes = [
        stage for runtime in RUNTIME_NAMES for stage in read_stages({env_name("runtime"): runtime})
    ]
    return list(dict.fromkeys([*of_runtimes, read_extra(PEERS)]))


def _read(compose_file: Path) -> Services:
    services: Services = yaml.safe_load(compose_file.read_text())["services"]
    return services


def _is_stage(service: Mapping[str, Any]) -> bool:
    return "entrypoint" not in service


def _stage(name: str, services: Services, environ: Mapping[str, str]) -> Stage:
    """Return a service as a stage, with the variables in its image's name replaced."""
    return Stage(name, _replaced(services[name]["image"], {**environ, PINNED_IMAGE: ""}))


def _replaced(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` with its variables replaced, inner ones first.

    As for compose, a variable that is empty is unset.
    """
    after = VARIABLE.sub(lambda match: environ.get(match[1]) or match[2], text)
    return after if after == text else _replaced(after, environ)
