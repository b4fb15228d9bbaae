"""The stage graph, read from compose.yaml: which stages there are, in which order, which images."""

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
VARIABLE = re.compile(r"\$\{(\w+):-(\w*)\}")

Services = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A service of compose.yaml that runs a stage, which gave it its name."""

    name: str
    image: str

    @property
    def target(self) -> str:
        """The Dockerfile's target that makes the image."""
        return self.image.removeprefix(IMAGE_PREFIX).partition(":")[0]


def read_stages(
    environ: Mapping[str, str] = os.environ, compose_file: Path = COMPOSE_FILE
) -> list[Stage]:
    """Return the stages in the order in which they depend on each other.

    `environ` may choose their images. A service that only reuses a stage's image is no stage, nor
    is one with a profile, which `docker compose up` leaves out.
    """
    services = {name: each for name, each in _read(compose_file).items() if "profiles" not in each}
    needs = {name: list(service.get("depends_on", {})) for name, service in services.items()}
    by_image: dict[str, Stage] = {}
    for name in TopologicalSorter(needs).static_order():
        stage = _stage(name, services, environ)
        by_image.setdefault(stage.image, stage)
    return list(by_image.values())


def read_extra(
    name: str, environ: Mapping[str, str] = os.environ, compose_file: Path = COMPOSE_FILE
) -> Stage:
    """Return a program that is run on its own, beside the pipeline."""
    return _stage(name, _read(compose_file), environ)


def read_all() -> list[Stage]:
    """Return the stages by each runtime and peers, so that each image is there once."""
    of_runtimes = [
        each for name in RUNTIME_NAMES for each in read_stages({env_name("runtime"): name})
    ]
    return list(dict.fromkeys([*of_runtimes, read_extra(PEERS)]))


def _read(compose_file: Path) -> Services:
    services: Services = yaml.safe_load(compose_file.read_text())["services"]
    return services


def _stage(name: str, services: Services, environ: Mapping[str, str]) -> Stage:
    """Put the variables into an image's name as compose does: an empty one counts as unset."""
    image = VARIABLE.sub(lambda found: environ.get(found[1]) or found[2], services[name]["image"])
    return Stage(name, image)
