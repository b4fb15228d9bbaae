import os

import pytest

from docker import images
from docker.build.graph import read_stages
from docker.host import engine


@pytest.fixture(scope="session")
def built() -> None:
    """The images, built from this tree; no engine is a failure, not a reason to skip."""
    engine.require()
    images.build_missing(read_stages(), os.environ)
