"""Read from the Dockerfile which build stages, and so which layers, make up an image."""

import re
from collections.abc import Iterator
from pathlib import Path

from docker.paths import DOCKERFILE
from stages.errors import InputCorruptError
from stages.program.printable import printable

FROM = re.compile(r"^FROM (\S+) AS (\S+)$")
COPY = re.compile(r"^COPY --from=(\S+)-layer ")
WORKDIR = re.compile(r"^WORKDIR ")
BASE, BUILDER = "base", "builder"
MAX_SHOWN = 200


def build_stages_of(target: str, dockerfile: Path = DOCKERFILE) -> list[str]:
    """Return the build stages that add a layer each to a target's image, the lowest first."""
    return [name for name, _ in _steps_to(target, dockerfile)]


def layers_of(target: str, dockerfile: Path = DOCKERFILE) -> list[str]:
    """Return the names of the layers of a target's image, the lowest first."""
    return [BASE, *(layer for _, layer in _steps_to(target, dockerfile))]


def _steps_to(target: str, dockerfile: Path) -> list[tuple[str, str]]:
    """Return the build stages from above the base up to `target`, each with its layer.

    Each stage is built on the image of the one below, and adds one layer. Raises InputCorruptError
    for a Dockerfile in which that is not so.
    """
    try:
        parents, layers = _parse(dockerfile.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _corrupt(dockerfile, f"can't be read ({error})") from None
    steps: list[tuple[str, str]] = []
    name = target
    while name != BASE:
        if len(layers.get(name, [])) != 1:
            raise _corrupt(dockerfile, f"has no build stage {name} that adds one layer")
        if len(steps) > len(parents):
            raise _corrupt(dockerfile, f"has {name} stand on itself")
        steps.insert(0, (name, layers[name][0]))
        name = parents[name]
    return steps


def _corrupt(dockerfile: Path, problem: str) -> InputCorruptError:
    return InputCorruptError(f"{dockerfile} {printable(problem, MAX_SHOWN)}; restore it")


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
