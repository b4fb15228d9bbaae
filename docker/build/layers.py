"""Read from the Dockerfile which build stages, and so which layers, make up an image."""

import re
from collections.abc import Iterator
from pathlib import Path

from docker.paths import DOCKERFILE

FROM = re.compile(r"^FROM (\S+) AS (\S+)$")
COPY = re.compile(r"^COPY --from=(\S+)-layer ")
WORKDIR = re.compile(r"^WORKDIR ")
BASE, BUILDER = "base", "builder"


def build_stages_of(target: str, dockerfile: Path = DOCKERFILE) -> list[str]:
    """Return the build stages that add a layer each to a target's image, the lowest first."""
    return [name for name, _ in _steps_to(target, dockerfile)]


def layers_of(target: str, dockerfile: Path = DOCKERFILE) -> list[str]:
    """Return the names of the layers of a target's image, the lowest first."""
    return [BASE, *(layer for _, layer in _steps_to(target, dockerfile))]


def _steps_to(target: str, dockerfile: Path) -> list[tuple[str, str]]:
    """Return the build stages from above the base up to `target`, each with its layer.

    Each stage is built on the image of the one below, and adds one layer.
    """
    parents, layers = _parse(dockerfile.read_text(encoding="utf-8"))
    steps: list[tuple[str, str]] = []
    while target != BASE:
        (layer,) = layers[target]
        steps.insert(0, (target, layer))
        target = parents[target]
    return steps


def _parse(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the parent of each build stage, and the layers that each adds."""
    parents: dict[str, str] = {}
    layers: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if start := FROM.match(line):
            name = start[2]
            parents[name], layers[name] = start[1], []
        elif name:
            layers[name].extend(_layer_of(line, name))
    return parents, layers


def _layer_of(line: str, build_stage: str) -> Iterator[str]:
    """Yield the name of the layer that a line adds, if it adds one."""
    if copied := COPY.match(line):
        yield copied[1]
    elif WORKDIR.match(line):
        yield build_stage
