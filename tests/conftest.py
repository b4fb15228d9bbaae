import os
from pathlib import Path

import pytest

from docker import ending, images
from docker.build.graph import read_stages
from docker.host import engine
from tests.signals import unignore_for_children

# Seconds for a test in these folders: the first one also waits for all images, or for a pipeline.
TIMEOUTS = {"images": 7200, "pipeline": 7200, "remote": 7200, "slurm": 600}


def pytest_configure() -> None:
    unignore_for_children()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in TIMEOUTS:
            item.add_marker(pytest.mark.timeout(TIMEOUTS[folder]))


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds a code that another one's task left, with which invoke would have ended."""
    monkeypatch.setattr(ending, "_kept", [])


@pytest.fixture(scope="session")
def built() -> None:
    """The images, built from this tree; no engine is a failure, not a reason to skip."""
    engine.require("test")
    images.build_missing(read_stages(), os.environ)
