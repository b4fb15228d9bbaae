import os

import pytest

from docker import engine, images
from docker.graph import read_stages


@pytest.fixture(scope="session")
def built() -> None:
    """The images, built from this tree; no engine is a failure, not a reason to skip."""
    engine.require()
    images.build(read_stages(), os.environ)
