"""The Dockerfile's own account of its images: which stages add which layers."""

import re
from collections.abc import Iterator
from pathlib import Path

from docker.paths import DOCKERFILE

FROM = re.compile(r"^FROM (\S+) AS (\S+)$")
COPY = re.compile(r"^COPY --from=(\S+)-layer ")
WORKDIR = re.compile(r"^WORKDIR ")
BASE, BUILDER = "base", "builder"


def levels_of(target: str, dockerfile: Path = DOCKERFILE) -> list[str]:
    """Return the stages that add a layer each to a target's image, from the lowest up."""
    return [stage for stage, _ in _added_by(target, dockerfile)]


def layers_of(target: str, dockerfile: Path = DOCKERFILE) -> list[str]:
    """Return the names of the layers of a target's image, from the lowest up."""
    return [BASE, *(layer for _, layer in _added_by(target, dockerfile))]


def _added_by(target: str, dockerfile: Path) -> list[tuple[str, str]]:
    """Return each stage below and of `target` with the layer that it adds.

    Each adds one, as each is built on the image of the one below.
    """
    parents, layers = _stages(dockerfile.read_text())
    found: list[tuple[str, str]] = []
    while target != BASE:
        (layer,) = layers[target]
        found.insert(0, (target, layer))
        target = parents[target]
    return found


def _stages(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return each stage's parent, and the layers that it adds."""
    parents: dict[str, str] = {}
    layers: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if start := FROM.match(line):
            name = start[2]
            parents[name], layers[name] = start[1], []
        elif name:
            layers[name].extend(_added(line, name))
    return parents, layers


def _added(line: str, stage: str) -> Iterator[str]:
    if copied := COPY.match(line):
        yield copied[1]
    elif WORKDIR.match(line):
        yield stage
