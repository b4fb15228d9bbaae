"""The stage graph, read from compose.yaml: which stages there are, in which order, which images."""

from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_FILE = ROOT / "compose.yaml"


@dataclass(frozen=True, slots=True)
class Stage:
    """A service of compose.yaml that runs a stage; its name is the stage's and the target's."""

    name: str
    image: str


def read_stages(compose_file: Path = COMPOSE_FILE) -> list[Stage]:
    """Return the stages in the order in which they depend on each other.

    A service that only reuses a stage's image is no stage.
    """
    services: dict[str, dict[str, Any]] = yaml.safe_load(compose_file.read_text())["services"]
    needs = {name: list(service.get("depends_on", {})) for name, service in services.items()}
    by_image: dict[str, Stage] = {}
    for name in TopologicalSorter(needs).static_order():
        image = services[name]["image"]
        by_image.setdefault(image, Stage(name, image))
    return list(by_image.values())
